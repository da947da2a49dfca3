use gatewright_database::TenantTx;
use gatewright_types::ids::ApiSpecId;

use crate::search::{Found, FoundKind};

/// Something that can be found.
pub(crate) struct Entry {
    pub(crate) kind: FoundKind,
    pub(crate) title: String,
    pub(crate) context: String,
    pub(crate) path: String,
    pub(crate) excerpt: String,
    pub(crate) exact: Vec<String>,
    /// What is searched, the most telling first: title, summary and path, body.
    pub(crate) words: [String; 3],
}

/// Adds entries, from a position on. `exact` is written as one text, its parts divided by a line break.
pub(crate) async fn add(
    tx: &mut TenantTx,
    spec_id: ApiSpecId,
    from: i32,
    entries: &[Entry],
) -> Result<(), sqlx::Error> {
    let column = |of: fn(&Entry) -> &str| -> Vec<String> { entries.iter().map(|one| of(one).to_owned()).collect() };
    let exact: Vec<String> = entries.iter().map(|one| one.exact.join("\n")).collect();
    sqlx::query!(
        r#"INSERT INTO api_search (tenant_id, spec_id, position, kind, title, context, path, excerpt, exact, words)
           SELECT $1, $2, $3 + nth::integer - 1, kind, title, context, path, excerpt, string_to_array(exact, E'\n'),
             setweight(to_tsvector('simple', a) || to_tsvector('english', a), 'A')
               || setweight(to_tsvector('simple', b) || to_tsvector('english', b), 'B') || setweight(to_tsvector('english', d), 'D')
           FROM UNNEST($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
             WITH ORDINALITY AS one (kind, title, context, path, excerpt, exact, a, b, d, nth)"#,
        tx.tenant_id().uuid(),
        spec_id.uuid(),
        from,
        &column(|one| one.kind.as_str()),
        &column(|one| &one.title),
        &column(|one| &one.context),
        &column(|one| &one.path),
        &column(|one| &one.excerpt),
        &exact,
        &column(|one| &one.words[0]),
        &column(|one| &one.words[1]),
        &column(|one| &one.words[2]),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What fits a query, the best first.
pub(crate) async fn find(
    tx: &mut TenantTx,
    (query, plain): (&str, &str),
    reference: Option<ApiSpecId>,
    signed_in: bool,
    most: i32,
) -> Result<Vec<Found>, sqlx::Error> {
    sqlx::query_as!(
        Found,
        r#"SELECT kind AS "kind!: _", title AS "title!", context AS "context!", path AS "path!", excerpt AS "excerpt!"
           FROM gatewright_search_docs($1, $2, $3, $4, $5)"#,
        query,
        plain,
        reference.map(ApiSpecId::uuid),
        signed_in,
        most,
    )
    .fetch_all(&mut **tx)
    .await
}
