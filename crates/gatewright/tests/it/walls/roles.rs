//! Each role may do what the table of roles says, no more and no less, and nobody in another tenant.

use gatewright_identity::roles::{Permission, Role};
use gatewright_testkit::{TestApp, Upstream};
use reqwest::Method;
use serde_json::{Value, json};

use super::{LAST, Operation, World, answer, document, operations, request, request_with};
use crate::scene::text;

/// The operations of the document, those that undo others at the end.
async fn in_order(app: &TestApp) -> Vec<Operation> {
    let mut operations = operations(&document(app).await);
    operations.sort_by_key(|one| LAST.iter().position(|last| *last == one.id).map_or(0, |at| at + 1));
    operations
}

/// The permission that the document names.
fn required(operation: &Operation) -> Option<Permission> {
    let named = operation.definition["x-required-permission"].as_str()?;
    Some(named.parse().unwrap())
}

fn code(shown: &Value) -> &str {
    shown["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn every_role_may_do_what_the_table_says_and_nothing_in_another_tenant() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let rival = World::make(&app, "rival", &upstream).await;
    let operations = in_order(&app).await;
    let mut colleagues = Vec::new();
    for role in Role::ALL.iter().copied() {
        let (_, ours) = acme.who.colleague(role.as_str()).await;
        let (_, theirs) = rival.who.colleague(role.as_str()).await;
        colleagues.push((role, ours, theirs));
    }
    let mut judged = (0, 0);
    for operation in &operations {
        let description = text(&operation.definition, "description");
        for (role, ours, theirs) in &colleagues {
            let role = *role;
            // The stranger first: what is done by somebody who may do it can be done once only.
            let (status, shown) = answer(request_with(&app, operation, &acme, &rival).bearer_auth(&theirs.token)).await;
            let about = format!("{} as another tenant's {role}: {status} {shown}", operation.id);
            let allowed = required(operation).is_some_and(|permission| permission.belongs_to(role));
            if !allowed {
                assert_eq!((status.as_u16(), code(&shown)), (403, "forbidden"), "{about}");
            } else if operation.path.contains("{id}") {
                assert_eq!((status.as_u16(), code(&shown)), (404, "not-found"), "{about}");
            }
            let (status, shown) = answer(request(&app, operation, &acme).bearer_auth(&ours.token)).await;
            let about = format!("{} as {role}: {status} {shown}", operation.id);
            if allowed {
                assert!(
                    ![401, 403].contains(&status.as_u16()) && !status.is_server_error(),
                    "{about}"
                );
                assert!(description.contains(role.as_str()), "{description}");
                judged.0 += 1;
            } else {
                assert_eq!((status.as_u16(), code(&shown)), (403, "forbidden"), "{about}");
                if let Some(permission) = required(operation) {
                    assert_eq!(shown["permission"], permission.as_str(), "{about}");
                }
                judged.1 += 1;
            }
        }
    }
    assert!(judged.0 > 200 && judged.1 > 200, "{judged:?}");
    app.stop().await;
}

#[tokio::test]
async fn a_token_allows_what_both_its_scopes_and_the_role_have() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let (owner, _) = acme.who.colleague("OWNER").await;
    let (support, _) = acme.who.colleague("SUPPORT").await;
    let mut narrow = Vec::new();
    for permission in Permission::ALL.iter().copied() {
        let body = json!({ "name": permission, "scopes": [permission] });
        narrow.push((permission, acme.who.token_of(&owner, body).await));
    }
    let all: Vec<Permission> = Permission::ALL.to_vec();
    let every_scope = acme
        .who
        .token_of(&support, json!({ "name": "all", "scopes": all }))
        .await;
    for (turn, operation) in in_order(&app).await.into_iter().enumerate() {
        let Some(needed) = required(&operation) else {
            continue;
        };
        // The one that is needed, and three that are not, others each time.
        let chosen = |at: usize, permission: Permission| permission == needed || (at + turn).is_multiple_of(10);
        for (_, (permission, token)) in narrow.iter().enumerate().filter(|(at, (one, _))| chosen(*at, *one)) {
            let (status, shown) = answer(request(&app, &operation, &acme).bearer_auth(token)).await;
            let about = format!("{} with {permission}: {status} {shown}", operation.id);
            if *permission != needed {
                assert_eq!(
                    (status.as_u16(), shown["permission"].as_str()),
                    (403, Some(needed.as_str())),
                    "{about}"
                );
            } else if status == 403 {
                // Whoever makes operators and tokens also needs what these get.
                assert_eq!(needed, Permission::OperatorsManage, "{about}");
                assert_ne!(shown["permission"], needed.as_str(), "{about}");
            } else {
                assert!(status != 401 && !status.is_server_error(), "{about}");
            }
        }
        let (status, shown) = answer(request(&app, &operation, &acme).bearer_auth(&every_scope)).await;
        let about = format!("{} with every scope of SUPPORT: {status} {shown}", operation.id);
        assert_eq!(status == 403, !needed.belongs_to(Role::Support), "{about}");
    }
    app.stop().await;
}

#[tokio::test]
async fn every_operator_keeps_its_own_tokens_and_sees_itself_only() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (other, _) = acme.colleague("OWNER").await;
    for role in ["AUDITOR", "SUPPORT", "BILLING"] {
        let (id, who) = acme.colleague(role).await;
        assert_eq!(who.get(&format!("/operators/{id}")).await["role"], role);
        let made = who
            .post(&format!("/operators/{id}/tokens"), json!({ "name": "mine" }))
            .await;
        let listed = who.get(&format!("/operators/{id}/tokens")).await;
        assert_eq!(listed["items"][0]["id"], made["id"]);
        let path = format!("/operators/{id}/tokens/{}", text(&made, "id"));
        assert_eq!(who.call(Method::DELETE, &path, None).await.0, 204);

        let body = Some(json!({ "name": "stolen" }));
        let path = format!("/operators/{other}/tokens");
        let (status, problem) = who.call(Method::POST, &path, body).await;
        assert_eq!((status.as_u16(), code(&problem)), (403, "forbidden"), "{role}");
        if role != "AUDITOR" {
            let (status, _) = who.call(Method::GET, &format!("/operators/{other}"), None).await;
            assert_eq!(status, 403, "{role}");
        }
    }
    app.stop().await;
}

/// What is refused is refused whatever the body is, and to HEAD as to GET.
#[tokio::test]
async fn a_permission_is_asked_for_before_anything_else_is_read() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (_, support) = acme.colleague("SUPPORT").await;
    let broken = support.request(Method::POST, "/products").body("no JSON at all");
    let (status, problem) = answer(broken).await;
    assert_eq!((status.as_u16(), code(&problem)), (403, "forbidden"));
    let odd = support.request(Method::GET, "/operators?limit=many");
    assert_eq!(answer(odd).await.0, 403);
    let head = support.request(Method::HEAD, "/operators").send().await.unwrap();
    assert_eq!(head.status(), 403);
    let head = support.request(Method::HEAD, "/keys").send().await.unwrap();
    assert_eq!(head.status(), 200);
    app.stop().await;
}
