//! The command `opsgate`, built with the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    opsgate::cli::main()
}
