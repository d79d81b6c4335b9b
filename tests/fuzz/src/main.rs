//! The fuzzer's program, started by `tests/fuzz/run`.
//!
//! ```text
//! GATEWATCH_FUZZ=TARGET gatewatch-fuzz ARGUMENTS...   libFuzzer, with its own arguments
//! gatewatch-fuzz targets                              names and longest inputs
//! gatewatch-fuzz seed TARGET FOLDER                   writes first inputs, made of what is shipped
//! gatewatch-fuzz unpack TARGET CORPUS FOLDER          writes the kept inputs, one file each
//! gatewatch-fuzz pack TARGET FOLDER CORPUS            keeps the inputs of a folder
//! gatewatch-fuzz escape FILE                          an input as a line of a corpus
//! ```

#[path = "../../fuzz_targets/mod.rs"]
mod targets;

use libfuzzer_sys::fuzz_target;
use std::ffi::{CString, OsString, c_char, c_int};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::{env, fs, io, ptr};
use targets::{TARGETS, Target, by_name, corpus, seeds};

/// The package that is fuzzed.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const NAME: &str = "GATEWATCH_FUZZ";

static CHOSEN: LazyLock<&Target> = LazyLock::new(|| {
    let name = env::var(NAME).unwrap_or_default();
    by_name(&name).unwrap_or_else(|| panic!("no target `{name}`"))
});

fuzz_target!(init: { LazyLock::force(&CHOSEN); }, |data: &[u8]| (CHOSEN.run)(data));

unsafe extern "C" {
    fn LLVMFuzzerRunDriver(
        argc: *mut c_int,
        argv: *mut *mut *mut c_char,
        one: extern "C" fn(*const u8, usize) -> c_int,
    ) -> c_int;
}

extern "C" fn one(data: *const u8, size: usize) -> c_int {
    // SAFETY: libFuzzer hands over `size` bytes at `data`.
    unsafe { libfuzzer_sys::test_input_wrap(data, size) }
}

/// libFuzzer with the arguments of this process. A process of its own making finds the target as we did.
fn fuzz() -> ExitCode {
    let args = env::args_os().filter_map(|arg| CString::new(OsString::into_vec(arg)).ok());
    // libFuzzer keeps them for as long as the process lives.
    let mut args: Vec<*mut c_char> = args.map(CString::into_raw).collect();
    let mut argc = c_int::try_from(args.len()).unwrap_or(0);
    args.push(ptr::null_mut());
    let mut argv = args.as_mut_ptr();
    // SAFETY: `argv` holds `argc` strings that end with NUL, and a null behind them.
    let code = unsafe { LLVMFuzzerRunDriver(&mut argc, &mut argv, one) };
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Writes inputs, named by their content.
fn write_all(folder: &Path, inputs: Vec<Vec<u8>>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for input in inputs {
        let mut hasher = DefaultHasher::new();
        input.hash(&mut hasher);
        fs::write(folder.join(format!("{:016x}", hasher.finish())), input)?;
    }
    Ok(())
}

fn read_all(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    fs::read_dir(folder)?.map(|entry| fs::read(entry?.path())).collect()
}

fn run(args: &[&str]) -> io::Result<()> {
    match args {
        ["targets"] => TARGETS.iter().for_each(|target| println!("{} {}", target.name, target.bytes_max)),
        ["seed", target, folder] => write_all(Path::new(folder), seeds::seeds(target, Path::new(ROOT)))?,
        ["unpack", target, kept, folder] => write_all(Path::new(folder), corpus::load(Path::new(kept), target)?)?,
        ["pack", target, folder, kept] => corpus::save(Path::new(kept), target, read_all(Path::new(folder))?)?,
        ["escape", file] => println!("{}", corpus::escape(&fs::read(file)?)),
        _ => return Err(io::Error::other("see the head of tests/fuzz/src/main.rs")),
    }
    Ok(())
}

fn main() -> ExitCode {
    if env::var_os(NAME).is_some() {
        return fuzz();
    }
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gatewatch-fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}
