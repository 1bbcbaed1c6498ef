//! The command `opsgate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    opsgate::cli::main()
}
