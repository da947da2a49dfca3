//! From what is kept of a connection to what talks to its gateway.

use std::sync::Arc;

use gatewright_types::problem::FieldError;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::apigee::{self, Apigee};
use crate::aws::{self, AwsApiGateway};
use crate::azure::Azure;
use crate::connector::Connector;
use crate::kong::{self, Kong};
use crate::model::Vendor;
use crate::mulesoft::{self, MuleSoft};

/// The connector that these settings and credentials (JSON) make, or which fields are wrong.
pub fn make(
    vendor: Vendor,
    settings: &Value,
    credentials: &SecretString,
) -> Result<Arc<dyn Connector>, Vec<FieldError>> {
    match vendor {
        Vendor::Kong => {
            let settings: kong::Settings = read("/settings", settings.clone())?;
            let credentials: kong::Credentials = read_secret(credentials)?;
            Ok(Arc::new(Kong::new(settings, &credentials)?))
        }
        Vendor::Apigee => {
            let settings: apigee::Settings = read("/settings", settings.clone())?;
            let credentials: apigee::Credentials = read_secret(credentials)?;
            Ok(Arc::new(Apigee::new(settings, &credentials)?))
        }
        Vendor::AwsApiGateway => {
            let settings: aws::Settings = read("/settings", settings.clone())?;
            let credentials: aws::Credentials = read_secret(credentials)?;
            Ok(Arc::new(AwsApiGateway::new(&settings, &credentials)?))
        }
        Vendor::AzureApiManagement => Ok(Arc::new(Azure::read(settings, credentials)?)),
        Vendor::MuleSoft => {
            let settings: mulesoft::Settings = read("/settings", settings.clone())?;
            let credentials: mulesoft::Credentials = read_secret(credentials)?;
            Ok(Arc::new(MuleSoft::new(settings, &credentials)?))
        }
    }
}

fn read<T: DeserializeOwned>(field: &str, value: Value) -> Result<T, Vec<FieldError>> {
    serde_json::from_value(value).map_err(|error| vec![FieldError::new(field, error.to_string())])
}

/// The error is not quoted: it may name a value.
fn read_secret<T: DeserializeOwned>(json: &SecretString) -> Result<T, Vec<FieldError>> {
    serde_json::from_str(json.expose_secret()).map_err(|_| {
        vec![FieldError::new(
            "/credentials",
            "not what this vendor's credentials look like",
        )]
    })
}
