//! How each message's fields become bytes and come back, bounded at every step.

use super::{Ask, Bytes, MAX_FRAME, PROTOCOL, Report, Run, Serve, Served, Through, WireError};
use alloc::vec::Vec;

pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn frame(kind: u8, body: impl FnOnce(&mut Self)) -> Result<Vec<u8>, WireError> {
        let mut writer = Self(Vec::with_capacity(4096));
        writer.u32(0);
        writer.0.push(kind);
        body(&mut writer);
        let length = writer.0.len() - 4;
        if length > MAX_FRAME {
            return Err(WireError::TooLong);
        }
        writer.0[..4].copy_from_slice(&(length as u32).to_le_bytes());
        Ok(writer.0)
    }

    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn bool(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    // A length past `u32` is past MAX_FRAME too, so `frame` refuses it whatever was written here.
    fn bytes(&mut self, value: &[u8]) {
        self.u32(value.len() as u32);
        self.0.extend_from_slice(value);
    }

    fn list(&mut self, values: &[Bytes]) {
        self.u32(values.len() as u32);
        for value in values {
            self.bytes(value);
        }
    }
}

pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn open(frame: &'a [u8]) -> Result<(Self, u8), WireError> {
        if frame.len() > MAX_FRAME {
            return Err(WireError::TooLong);
        }
        let (&kind, body) = frame.split_first().ok_or(WireError::Truncated)?;
        Ok((Self(body), kind))
    }

    pub(super) fn finish(self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Trailing) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(WireError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(WireError::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_le_bytes)
    }

    fn bool(&mut self) -> Result<bool, WireError> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(WireError::Value),
        }
    }

    fn bytes(&mut self) -> Result<Bytes, WireError> {
        let length = self.u32()? as usize;
        self.take(length).map(<[u8]>::to_vec)
    }

    /// Reads a count and that many items, each at least `smallest` bytes long.
    fn many<T>(
        &mut self,
        smallest: usize,
        item: impl Fn(&mut Self) -> Result<T, WireError>,
    ) -> Result<Vec<T>, WireError> {
        let count = self.u32()? as usize;
        // Checked before anything is allocated: a hostile count must not cost memory.
        if count > self.0.len() / smallest {
            return Err(WireError::Truncated);
        }
        (0..count).map(|_| item(self)).collect()
    }

    fn list(&mut self) -> Result<Vec<Bytes>, WireError> {
        self.many(4, Self::bytes)
    }
}

impl Ask {
    pub(super) fn write(&self, w: &mut Writer) {
        w.u32(PROTOCOL);
        w.bytes(&self.compiler);
        w.bytes(&self.argv0);
        w.list(&self.args);
        w.bytes(&self.cwd);
        w.list(&self.env);
        w.u64(self.mount_ns);
        w.u64(self.cwd_dev);
        w.u64(self.cwd_ino);
        w.bool(self.terminal);
        w.bool(self.apart);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        match r.u32()? {
            PROTOCOL => {}
            other => return Err(WireError::Version(other)),
        }
        Ok(Self {
            compiler: r.bytes()?,
            argv0: r.bytes()?,
            args: r.list()?,
            cwd: r.bytes()?,
            env: r.list()?,
            mount_ns: r.u64()?,
            cwd_dev: r.u64()?,
            cwd_ino: r.u64()?,
            terminal: r.bool()?,
            apart: r.bool()?,
        })
    }
}

impl Report {
    pub(super) fn write(&self, w: &mut Writer) {
        w.u32(self.status.cast_unsigned());
        w.u64(self.user_us);
        w.u64(self.sys_us);
        w.u64(self.wall_us);
        w.bytes(&self.stderr);
        w.bool(self.truncated);
        w.bool(self.stdout_seen);
        w.bytes(&self.stdout);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            status: r.u32()?.cast_signed(),
            user_us: r.u64()?,
            sys_us: r.u64()?,
            wall_us: r.u64()?,
            stderr: r.bytes()?,
            truncated: r.bool()?,
            stdout_seen: r.bool()?,
            stdout: r.bytes()?,
        })
    }
}

impl Run {
    pub(super) fn write(&self, w: &mut Writer) {
        w.list(&self.env);
        w.list(&self.args);
        w.list(&self.prefix);
        w.bool(self.stdout);
        w.bytes(&self.witness);
        w.list(&self.undone);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let (env, args, prefix) = (r.list()?, r.list()?, r.list()?);
        Ok(Self { env, args, prefix, stdout: r.bool()?, witness: r.bytes()?, undone: r.list()? })
    }
}

impl Through {
    pub(super) fn write(&self, w: &mut Writer) {
        w.bytes(&self.program);
        w.list(&self.env);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { program: r.bytes()?, env: r.list()? })
    }
}

impl Serve {
    pub(super) fn write(&self, w: &mut Writer) {
        w.u32(self.outputs.len() as u32);
        for output in &self.outputs {
            w.bytes(&output.path);
            w.u32(output.mode);
            w.u64(output.size);
            w.u64(output.modified);
        }
        w.bytes(&self.stdout);
        w.bytes(&self.stderr);
        w.u32(u32::from(self.status));
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let outputs = r.many(24, |r| {
            Ok(Served { path: r.bytes()?, mode: r.u32()?, size: r.u64()?, modified: r.u64()? })
        })?;
        let (stdout, stderr) = (r.bytes()?, r.bytes()?);
        let status = u8::try_from(r.u32()?).map_err(|_| WireError::Value)?;
        Ok(Self { outputs, stdout, stderr, status })
    }
}
