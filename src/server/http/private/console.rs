//! `/`: the console's first page. What stands well is said shortly; what does not, with its remedy.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use hsm::inventory::Period;
use hsm::key::Purpose;

use super::PrivateSite;
use super::operator::Operator;
use super::standing::{BudgetStanding, KeyStanding, Standing};
use crate::doctor::{Finding, Level};
use crate::http::language::Language;
use crate::http::public::rendered;
use crate::http::texts::Texts;
use crate::http::view::{self, AuthorityView, Force, Moment};
use crate::signer_watch::Phase;

#[derive(Template)]
#[template(path = "console.html")]
struct Page {
    t: &'static Texts,
    office: String,
    version: &'static str,
    operator: String,
    operator_until: Moment,
    as_of: Moment,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
    authorities: Vec<AuthorityView>,
    keys: Vec<KeyRow>,
    signer: SignerRow,
    listener_until: Moment,
}

struct SignerRow {
    phase: Phase,
    since: Moment,
    restarts: u64,
    queue: Option<(u32, u32)>,
    signatures: Option<u64>,
    tokens: Vec<(String, bool, String)>,
}

struct KeyRow {
    name: String,
    token: String,
    algorithm: &'static str,
    purposes: String,
    trouble: Option<String>,
    budget: Option<BudgetRow>,
}

struct BudgetRow {
    used: u64,
    limit: u64,
    /// Above this the bar is coloured.
    high: u64,
    per: &'static str,
}

/// The page.
pub(super) async fn page(
    operator: Operator,
    State(site): State<PrivateSite>,
    headers: HeaderMap,
) -> Response {
    let language = Language::of(&headers);
    let standing = Standing::now(&site, language).await;
    let page = page_of(&site, &operator, standing, language);
    let mut response = rendered(page.render(), &headers);
    language.mark(response.headers_mut());
    response
}

fn page_of(site: &PrivateSite, operator: &Operator, standing: Standing, language: Language) -> Page {
    let t = language.texts();
    let count = |level| {
        let findings = standing.findings.iter();
        findings.filter(|finding| finding.level == level).count()
    };
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    let signer = standing.signer;
    Page {
        t,
        office: site.office.to_string(),
        version: standing.version,
        operator: operator.name.to_string(),
        operator_until: Moment::day(operator.until, language),
        as_of: Moment::minute(standing.as_of, language),
        errors,
        warnings,
        findings: standing.findings,
        authorities: view::authorities(&site.authorities, language, standing.as_of),
        keys: standing.keys.into_iter().map(|key| key_row(key, t)).collect(),
        signer: SignerRow {
            since: Moment::minute(signer.since, language),
            restarts: signer.restarts,
            queue: signer.waiting.zip(signer.capacity),
            signatures: signer.signatures,
            tokens: signer
                .tokens
                .into_iter()
                .map(|token| (token.label, token.ready, token.state))
                .collect(),
            phase: signer.phase,
        },
        listener_until: Moment::day(standing.listener_certificate_until, language),
    }
}

fn key_row(key: KeyStanding, t: &'static Texts) -> KeyRow {
    let purposes: Vec<&str> = key.purposes.iter().map(|purpose| word(*purpose, t)).collect();
    KeyRow {
        name: key.name,
        token: key.token,
        algorithm: key.algorithm,
        purposes: purposes.join(", "),
        trouble: key.reason,
        budget: key.budget.map(|budget| budget_row(budget, t)),
    }
}

const fn budget_row(budget: BudgetStanding, t: &'static Texts) -> BudgetRow {
    BudgetRow {
        used: budget.used,
        limit: budget.limit,
        high: budget.limit / 10 * 8,
        per: match budget.per {
            Period::Second => t.per_second,
            Period::Minute => t.per_minute,
            Period::Hour => t.per_hour,
            Period::Day => t.per_day,
        },
    }
}

const fn word(purpose: Purpose, t: &'static Texts) -> &'static str {
    match purpose {
        Purpose::Certificate => t.purpose_certificate,
        Purpose::Crl => t.purpose_crl,
        Purpose::Ocsp => t.purpose_ocsp,
        Purpose::Timestamp => t.purpose_timestamp,
        Purpose::Document => t.purpose_document,
        Purpose::Register => t.purpose_register,
        Purpose::Data => t.purpose_data,
    }
}
