//! Placeholder.
#![allow(missing_docs)]
use std::path::Path; use std::fs::File; use crate::inputs::digest::Digest;
#[derive(Debug,thiserror::Error)] #[error("cache")] pub struct CacheError;
#[derive(Debug,Clone)] pub struct OutputFile{pub path:String,pub digest:Digest,pub executable:bool}
#[derive(Debug,Clone)] pub struct Outcome{pub files:Vec<OutputFile>,pub stderr:Vec<u8>}
pub struct Cache;
impl Cache{ pub fn new(_:&Path,_:Option<u64>)->Self{Self} pub fn find(&self,_:&Digest)->Option<Outcome>{None} pub fn keep(&self,_:&Digest,_:&Outcome)->Result<(),CacheError>{Ok(())} pub fn open(&self,_:&Outcome)->Option<Vec<File>>{None} }
impl Outcome{ pub fn add(&mut self,_:&Cache,_:&str,_:&Path)->Result<(),CacheError>{Ok(())} }
