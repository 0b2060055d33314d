//! Starts the runtime, runs the command line, and turns what it says into an exit code.

use std::process::ExitCode;

use clap::Parser;
use gonogo::cli::{self, Cli};
use gonogo::runtime::terminal;

/// Larger than any block that reading a config of a thousand services takes.
const LARGE: usize = 5 << 19;

fn main() -> color_eyre::Result<ExitCode> {
    // glibc gives a large block pages of its own, which the kernel clears one by one when they are touched
    // and takes back with the block. Once one was given back, blocks up to its size come from the heap,
    // whose pages are used again: a tenth of the faults of a start.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
    color_eyre::install()?;
    terminal::restore_on_panic();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            return Ok(ExitCode::from(
                cli::misused(&error, std::env::args_os()).code(),
            ));
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cli.threads())
        .enable_all()
        .build()?;
    let exit = runtime.block_on(cli::run(cli));
    // Reads that are still under way are of no use to anybody now.
    runtime.shutdown_background();
    Ok(ExitCode::from(exit.code()))
}
