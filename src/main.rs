//! The program: arguments in, exit code out. Everything else is the library.
fn main() -> std::process::ExitCode {
    gatewatch::cli::run(std::env::args_os())
}
