//! Starts the runtime, runs the command line, and turns what it says into an exit code.

use std::process::ExitCode;

use clap::Parser;
use gonogo::cli::{self, Cli};
use gonogo::runtime::terminal;

fn main() -> color_eyre::Result<ExitCode> {
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
        .worker_threads(2)
        .enable_all()
        .build()?;
    let exit = runtime.block_on(cli::run(cli));
    // Reads that are still under way are of no use to anybody now.
    runtime.shutdown_background();
    Ok(ExitCode::from(exit.code()))
}
