//! `vendor-fakes`: the vendors' gateways that Gatewright's demo, tests and benchmarks talk to.

use std::io::Write as _;
use std::net::SocketAddr;

use clap::{Parser, ValueEnum};
use serde_json::json;
use vendor_fakes::control::Controls;
use vendor_fakes::told::Seed;
use vendor_fakes::{apigee, aws, azure, kong, mulesoft};

/// Stand-ins for other vendors' gateways. For tests and demonstrations only: everything is in memory and open to everybody.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where the control listens; the others take free ports of the same address unless told otherwise.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Prints one line of JSON with every address, for scripts.
    #[arg(long)]
    json: bool,
    /// Ends when standard input does, so that it never outlives a program that started it.
    #[arg(long)]
    until_stdin_ends: bool,
    /// Starts with nothing instead of with services, routes and consumers to look at.
    #[arg(long)]
    empty: bool,
    /// Where Kong's Admin API listens.
    #[arg(long, value_name = "ADDRESS")]
    kong_admin: Option<SocketAddr>,
    /// Where Kong's proxy listens.
    #[arg(long, value_name = "ADDRESS")]
    kong_proxy: Option<SocketAddr>,
    /// Which Kong.
    #[arg(long, value_enum, default_value = "oss")]
    kong_flavor: Flavor,
    /// The token that Kong's Enterprise edition and Konnect ask for; without it they let everybody in.
    #[arg(long, env = "VENDOR_FAKES_KONG_TOKEN", hide_env_values = true)]
    kong_token: Option<String>,
    /// Where AWS's management API listens, with its token service.
    #[arg(long, value_name = "ADDRESS")]
    aws_admin: Option<SocketAddr>,
    /// Where AWS's stages listen.
    #[arg(long, value_name = "ADDRESS")]
    aws_proxy: Option<SocketAddr>,
    /// Where Azure Resource Manager and Entra's login listen.
    #[arg(long, value_name = "ADDRESS")]
    azure_admin: Option<SocketAddr>,
    /// Where Azure API Management's gateway listens.
    #[arg(long, value_name = "ADDRESS")]
    azure_proxy: Option<SocketAddr>,
    /// Where MuleSoft's platform listens.
    #[arg(long, value_name = "ADDRESS")]
    mulesoft_admin: Option<SocketAddr>,
    /// Where MuleSoft's gateway listens.
    #[arg(long, value_name = "ADDRESS")]
    mulesoft_proxy: Option<SocketAddr>,
    /// Where Apigee's management API and Google's token endpoint listen.
    #[arg(long, value_name = "ADDRESS")]
    apigee_admin: Option<SocketAddr>,
    /// Where Apigee's runtime listens.
    #[arg(long, value_name = "ADDRESS")]
    apigee_proxy: Option<SocketAddr>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Flavor {
    Oss,
    Enterprise,
    Konnect,
    DbLess,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let free = SocketAddr::new(arguments.listen.ip(), 0);
    let controls = Controls::default();
    let seed = if arguments.empty { Seed::Empty } else { Seed::Demo };
    macro_rules! add {
        ($vendor:ident, $admin:expr, $proxy:expr $(, $field:ident: $value:expr)*) => {
            let options = $vendor::Options {
                seed,
                admin: $admin.unwrap_or(free),
                proxy: $proxy.unwrap_or(free),
                $($field: $value,)*
                ..$vendor::Options::default()
            };
            controls.add(stringify!($vendor), $vendor::Fake::on_stage(options).await?);
        };
    }
    let flavor = match arguments.kong_flavor {
        Flavor::Oss => kong::Flavor::Oss,
        Flavor::Enterprise => kong::Flavor::Enterprise,
        Flavor::Konnect => kong::Flavor::Konnect,
        Flavor::DbLess => kong::Flavor::DbLess,
    };
    add!(kong, arguments.kong_admin, arguments.kong_proxy, flavor: flavor, token: arguments.kong_token);
    add!(apigee, arguments.apigee_admin, arguments.apigee_proxy);
    add!(aws, arguments.aws_admin, arguments.aws_proxy);
    add!(azure, arguments.azure_admin, arguments.azure_proxy);
    add!(mulesoft, arguments.mulesoft_admin, arguments.mulesoft_proxy);
    let control = controls.start(arguments.listen).await?;
    let url = format!("http://{}/__control", control.addr());
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", json!({ "control": url, "vendors": controls.addresses() }))?;
    } else {
        writeln!(out, "control  {url}\n{:#}", controls.addresses())?;
    }
    out.flush()?;
    drop(out);
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        () = stdin_ends(), if arguments.until_stdin_ends => {}
    }
    Ok(())
}

/// A thread of its own reads: the runtime would wait for one of its own threads at the end.
async fn stdin_ends() {
    let (over, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = over.send(());
    });
    let _ = ended.await;
}
