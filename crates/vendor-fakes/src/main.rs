//! `vendor-fakes`: the vendors' gateways that Gatewright's demo, tests and benchmarks talk to.

use std::io::Write as _;
use std::net::SocketAddr;

use clap::{Parser, ValueEnum};
use serde_json::json;
use vendor_fakes::control::Controls;
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
    let kong = kong::Fake::on_stage(kong::Options {
        flavor: match arguments.kong_flavor {
            Flavor::Oss => kong::Flavor::Oss,
            Flavor::Enterprise => kong::Flavor::Enterprise,
            Flavor::Konnect => kong::Flavor::Konnect,
            Flavor::DbLess => kong::Flavor::DbLess,
        },
        token: arguments.kong_token,
        seed: if arguments.empty {
            kong::Seed::Empty
        } else {
            kong::Seed::Demo
        },
        admin: arguments.kong_admin.unwrap_or(free),
        proxy: arguments.kong_proxy.unwrap_or(free),
        ..kong::Options::default()
    })
    .await?;
    controls.add("kong", kong);
    let aws = aws::Fake::on_stage(aws::Options {
        seed: if arguments.empty {
            aws::Seed::Empty
        } else {
            aws::Seed::Demo
        },
        admin: arguments.aws_admin.unwrap_or(free),
        proxy: arguments.aws_proxy.unwrap_or(free),
        ..aws::Options::default()
    })
    .await?;
    controls.add("aws", aws);
    let azure = azure::Fake::on_stage(azure::Options {
        seed: if arguments.empty {
            azure::Seed::Empty
        } else {
            azure::Seed::Demo
        },
        admin: arguments.azure_admin.unwrap_or(free),
        proxy: arguments.azure_proxy.unwrap_or(free),
        ..azure::Options::default()
    })
    .await?;
    controls.add("azure", azure);
    let mulesoft = mulesoft::Fake::on_stage(mulesoft::Options {
        seed: if arguments.empty {
            mulesoft::Seed::Empty
        } else {
            mulesoft::Seed::Demo
        },
        admin: arguments.mulesoft_admin.unwrap_or(free),
        proxy: arguments.mulesoft_proxy.unwrap_or(free),
        ..mulesoft::Options::default()
    })
    .await?;
    controls.add("mulesoft", mulesoft);
    // The service account's key is in what the control shows of its state.
    let apigee = apigee::Fake::on_stage(apigee::Options {
        seed: if arguments.empty {
            apigee::Seed::Empty
        } else {
            apigee::Seed::Demo
        },
        admin: arguments.apigee_admin.unwrap_or(free),
        proxy: arguments.apigee_proxy.unwrap_or(free),
        ..apigee::Options::default()
    })
    .await?;
    controls.add("apigee", apigee);
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
