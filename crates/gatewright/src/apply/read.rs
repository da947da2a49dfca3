//! From files to what is wanted, with the place of everything that can be wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, bail};
use gatewright_catalog::model::Contract;
use gatewright_catalog::products::CONTRACT_MAX_BYTES;
use gatewright_native::gateways::REQUEST_BODY_DEFAULT_BYTES;
use gatewright_native::services::{CONNECT_TIMEOUT_DEFAULT_MS, RESPONSE_TIMEOUT_DEFAULT_MS};
use gatewright_types::slug::Slug;
use serde_saphyr::{Location, Options, Spanned};

use super::check::check;
use super::format::{GatewayEntry, PlanEntry, ProductEntry, RouteEntry, ServiceEntry, TenantFile, Text};
use super::model::{Gateway, Handle, Object, Objects, Plan, Product, Route, Service};

/// Most files of one run.
pub const FILES_MAX: usize = 1_000;
/// Longest tenant file, in bytes: room for contracts that stand in it.
pub const FILE_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Most maps, lists and values of one file: some 100,000 routes.
pub const FILE_MAX_NODES: usize = 2_000_000;

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    file: Rc<str>,
    line: u64,
    column: u64,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What the files want, together.
#[derive(Debug, Default)]
pub struct Desired {
    /// The tenant they are for, if one says so.
    pub tenant: Option<(Slug, At)>,
    /// Every object they name.
    pub objects: Objects,
    /// Where plans and routes name products; those may also be in the installation only.
    pub products: Vec<(Slug, At)>,
    places: BTreeMap<Handle, At>,
}

impl Desired {
    /// Reads files and folders (`*.yaml` and `*.yml`, not below); `-` is the standard input.
    ///
    /// # Errors
    ///
    /// One line that begins with file, line and column where there is one.
    pub fn read(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let files = files(paths)?;
        let mut desired = Self::default();
        for path in files {
            let text = read_text(&path, FILE_MAX_BYTES).with_context(|| path.display().to_string())?;
            desired.add(&path, &text)?;
        }
        Ok(desired)
    }

    /// Where an object stands.
    pub fn place(&self, handle: &Handle) -> Option<&At> {
        self.places.get(handle)
    }

    fn add(&mut self, path: &Path, text: &str) -> anyhow::Result<()> {
        let source = Source::new(path);
        let file = parse(text).map_err(|(at, message)| match at {
            Some(at) => anyhow::anyhow!("{}: {message}", source.at(at)),
            None => anyhow::anyhow!("{}: {message}", source.name),
        })?;
        if let Some(tenant) = file.tenant {
            let at = source.at(tenant.referenced);
            match &self.tenant {
                Some((other, there)) if *other != tenant.value => {
                    bail!("{at}: the tenant is {} here and {other} at {there}", tenant.value)
                }
                _ => self.tenant = Some((tenant.value, at)),
            }
        }
        for (slug, entry) in file.products {
            self.product(&source, slug, entry)?;
        }
        for (slug, entry) in file.plans {
            self.plan(&source, slug, entry)?;
        }
        for (slug, entry) in file.gateways {
            self.gateway(&source, &slug, entry)?;
        }
        Ok(())
    }

    fn put(&mut self, handle: Handle, object: Object, at: At) -> anyhow::Result<()> {
        if let Some(first) = self.places.get(&handle) {
            bail!("{at}: {handle} stands at {first} already");
        }
        check(&handle, &object).with_context(|| at.to_string())?;
        self.places.insert(handle.clone(), at);
        self.objects.insert(handle, object);
        Ok(())
    }

    fn product(&mut self, source: &Source, slug: Slug, entry: Spanned<ProductEntry>) -> anyhow::Result<()> {
        let (entry, at) = (entry.value, source.at(entry.referenced));
        if let Some(contract) = entry.contract {
            let document = source.text(contract.document)?;
            let contract = Contract {
                format: contract.format,
                document,
            };
            self.put(Handle::Contract(slug.clone()), Object::Contract(contract), at.clone())?;
        }
        let product = Product {
            kind: entry.kind,
            name: entry.name,
            description: entry.description,
            orchestrated: entry.orchestrated,
        };
        self.put(Handle::Product(slug), Object::Product(product), at)
    }

    fn plan(&mut self, source: &Source, slug: Slug, entry: Spanned<PlanEntry>) -> anyhow::Result<()> {
        let (entry, at) = (entry.value, source.at(entry.referenced));
        if entry.products.is_empty() {
            bail!("{at}: plan {slug}: expected at least one product");
        }
        let mut products = std::collections::BTreeSet::new();
        for product in entry.products {
            let here = source.at(product.referenced);
            if !products.insert(product.value.clone()) {
                bail!("{here}: product {} stands in the plan twice", product.value);
            }
            self.products.push((product.value, here));
        }
        let plan = Plan {
            name: entry.name,
            description: entry.description,
            self_service: entry.self_service,
            price: entry.price,
            billing_period: entry.billing_period,
            trial_days: entry.trial_days,
            quotas: entry.quotas,
            rate_limits: entry.rate_limits,
            products,
        };
        self.put(Handle::Plan(slug), Object::Plan(plan), at)
    }

    fn gateway(&mut self, source: &Source, slug: &Slug, entry: Spanned<GatewayEntry>) -> anyhow::Result<()> {
        let (entry, at) = (entry.value, source.at(entry.referenced));
        let gateway = Gateway {
            name: entry.name,
            environment: entry.environment,
            auth_type: entry.auth_type,
            max_request_body_bytes: entry.max_request_body_bytes.unwrap_or(REQUEST_BODY_DEFAULT_BYTES),
        };
        self.put(Handle::Gateway(slug.clone()), Object::Gateway(gateway), at)?;
        for (name, service) in entry.services {
            let at = source.at(service.referenced);
            let service = source.service(service.value)?;
            self.put(Handle::Service(slug.clone(), name), Object::Service(service), at)?;
        }
        for (key, route) in entry.routes {
            self.route(source, slug, key, route)?;
        }
        Ok(())
    }

    fn route(
        &mut self,
        source: &Source,
        gateway: &Slug,
        key: super::format::RouteKey,
        entry: Spanned<RouteEntry>,
    ) -> anyhow::Result<()> {
        let (entry, at) = (entry.value, source.at(entry.referenced));
        let service = entry.service.value;
        if !self
            .objects
            .contains_key(&Handle::Service(gateway.clone(), service.clone()))
        {
            let here = source.at(entry.service.referenced);
            bail!("{here}: the gateway {gateway} has no service {service:?} in this file");
        }
        let product = entry.product.map(|product| {
            let here = source.at(product.referenced);
            self.products.push((product.value.clone(), here));
            product.value
        });
        let route = Route {
            service,
            target_path: entry.target_path.unwrap_or_else(|| key.path.clone()),
            access: entry.access,
            product,
            key,
        };
        let handle = Handle::Route(gateway.clone(), route.key.identity());
        if let Some(first) = self.places.get(&handle) {
            bail!("{at}: {} matches the same requests as the route at {first}", route.key);
        }
        self.put(handle, Object::Route(route), at)
    }
}

/// A file that places and relative paths belong to.
struct Source {
    name: Rc<str>,
    folder: PathBuf,
}

impl Source {
    fn new(path: &Path) -> Self {
        Self {
            name: path.display().to_string().into(),
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
        }
    }

    fn at(&self, location: Location) -> At {
        At {
            file: Rc::clone(&self.name),
            line: location.line(),
            column: location.column(),
        }
    }

    fn text(&self, text: Spanned<Text>) -> anyhow::Result<String> {
        let at = self.at(text.referenced);
        match text.value {
            Text::Inline(text) => Ok(text),
            Text::File(path) => {
                read_text(&self.folder.join(&path), CONTRACT_MAX_BYTES).with_context(|| format!("{at}: $file {path}"))
            }
        }
    }

    fn service(&self, entry: ServiceEntry) -> anyhow::Result<Service> {
        let ca_pem = entry.ca_pem.map(|text| self.text(text)).transpose()?;
        Ok(Service {
            target_url: entry.target_url,
            ca_pem: ca_pem.filter(|pem| !pem.is_empty()),
            connect_timeout_ms: entry.connect_timeout_ms.unwrap_or(CONNECT_TIMEOUT_DEFAULT_MS),
            response_timeout_ms: entry.response_timeout_ms.unwrap_or(RESPONSE_TIMEOUT_DEFAULT_MS),
        })
    }
}

/// Reads one file's text.
pub fn parse(text: &str) -> Result<TenantFile, (Option<Location>, String)> {
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        return Ok(TenantFile::default());
    }
    let mut options = Options::default();
    options.with_snippet = false;
    if let Some(budget) = &mut options.budget {
        budget.max_nodes = FILE_MAX_NODES;
        budget.max_events = 3 * FILE_MAX_NODES;
    }
    serde_saphyr::from_str_with_options(text, options).map_err(|error| (error.location(), explain(&error)))
}

/// One line in the words of a person who wrote the file; its place is said before.
fn explain(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error as E;
    match error {
        E::DuplicateMappingKey { key, .. } => match key {
            Some(key) => format!("{key} stands there twice"),
            None => "a key stands there twice".to_owned(),
        },
        E::MultipleDocuments { .. } => "a second document begins: a tenant file is one".to_owned(),
        E::Budget { breach, .. } => format!("the file is too large or too deep: {breach:?}"),
        E::Unexpected {
            expected: "mapping start",
            ..
        } => "expected fields, as in `name: value`".to_owned(),
        E::Unexpected {
            expected: "string scalar",
            ..
        } => "expected a text".to_owned(),
        E::InvalidScalar { ty, .. } => format!("expected a number that fits ({ty})"),
        error => {
            let message = error.to_string();
            let message = message
                .rsplit_once(" at line ")
                .map_or(message.as_str(), |(message, _)| message);
            message.replace('\n', " ")
        }
    }
}

fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).with_context(|| path.display().to_string())? {
            let entry = entry.with_context(|| path.display().to_string())?.path();
            if entry.extension().is_some_and(|end| end == "yaml" || end == "yml") {
                inside.push(entry);
            }
        }
        if inside.is_empty() {
            bail!("{}: no file in this folder ends with .yaml or .yml", path.display());
        }
        inside.sort();
        files.append(&mut inside);
    }
    if files.len() > FILES_MAX {
        bail!(
            "{} files are too many: at most {FILES_MAX} are read in one run",
            files.len()
        );
    }
    Ok(files)
}

fn read_text(path: &Path, max: usize) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX) + 1;
    if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    if bytes.len() > max {
        bail!("longer than {max} bytes");
    }
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("no UTF-8 text"))
}
