//! stub
#[derive(Debug, Clone)]
pub struct Access { pub path: String, pub existed: bool, pub read: bool, pub written: bool }
pub fn read(_file: &std::path::Path) -> Result<Vec<Access>, std::io::Error> { Ok(Vec::new()) }
