//! The ata.

use std::fmt::Write as _;

use super::words::{MONTHS_PT, month, portuguese};
use super::{ActFacts, Civil, Facts, capitalised, civil, full_names, joined, plain};
use crate::transcript::Note;
use crate::transcript::act::{Act, CertificateKind, GenerateKey, NamedHash, RecordKeys, SignCertificate};

pub(super) fn write(facts: &Facts<'_>) -> String {
    let mut text = String::new();
    head(&mut text, facts);
    custodians(&mut text, facts);
    acts(&mut text, facts);
    certificates(&mut text, facts);
    ending(&mut text, facts);
    signatures(&mut text, facts);
    text
}

/// Writing into a String cannot fail.
macro_rules! line {
    ($text:expr, $($part:tt)*) => {{ let _ = writeln!($text, $($part)*); }};
}

fn date(civil: &Civil) -> String {
    let day = match civil.day {
        1 => "ao primeiro dia".to_owned(),
        day => format!("aos {day} ({}) dias", portuguese(day)),
    };
    format!(
        "{day} do mês de {} do ano de {} ({})",
        month(&MONTHS_PT, civil.month),
        civil.year,
        portuguese(civil.year)
    )
}

fn head(text: &mut String, facts: &Facts<'_>) {
    let opening = facts.opening;
    line!(text, "# Ata de cerimônia de chaves\n");
    line!(text, "## {}\n", plain(&facts.script.title_pt));
    if opening.rehearsal {
        line!(
            text,
            "> **ENSAIO.** Esta ata relata um ensaio, feito com tokens e chaves descartáveis. Nada do que aqui consta tem validade.\n"
        );
    }
    if facts.was_abandoned() {
        line!(
            text,
            "> **CERIMÔNIA INTERROMPIDA.** A cerimônia foi abandonada por decisão dos custodiantes, como consta do encerramento.\n"
        );
    }
    let began = civil(facts.began);
    line!(
        text,
        "{}, às {} (Tempo Universal Coordenado), em {}, nas dependências de **{}**, realizou-se a cerimônia de chaves `{}`, conduzida segundo o roteiro `{}`, executado pelo programa {}, perante os custodiantes que abaixo assinam.\n",
        capitalised(&date(&began)),
        began.clock,
        plain(&facts.office.place),
        plain(&facts.office.name),
        opening.ceremony,
        opening.script_name,
        plain(&opening.program)
    );
    line!(
        text,
        "Os documentos que regeram a cerimônia são identificados por seus resumos SHA-256:\n"
    );
    line!(text, "| documento | SHA-256 |\n|---|---|");
    line!(text, "| roteiro | `{}` |", opening.script);
    line!(text, "| hierarquia | `{}` |", opening.hierarchy);
    line!(text, "| custodiantes | `{}` |\n", opening.custodians_file);
}

fn custodians(text: &mut String, facts: &Facts<'_>) {
    let opening = facts.opening;
    line!(text, "## Custodiantes\n");
    line!(
        text,
        "Cada ato exigiu a aprovação de {} ({}) de {} ({}) custodiantes, dada por assinatura digital sobre o ato e sobre todo o registro que o precede.\n",
        opening.threshold,
        portuguese(u32::try_from(opening.threshold).unwrap_or(0)),
        opening.custodians.len(),
        portuguese(u32::try_from(opening.custodians.len()).unwrap_or(0))
    );
    line!(
        text,
        "| nome | função | SHA-256 da chave pública | atos aprovados |\n|---|---|---|---|"
    );
    for custodian in &opening.custodians {
        line!(
            text,
            "| {} | {} | `{}` | {} |",
            plain(&custodian.full_name),
            plain(&custodian.role),
            custodian.key,
            facts.approvals_of(&custodian.name)
        );
    }
    line!(text, "");
}

fn acts(text: &mut String, facts: &Facts<'_>) {
    line!(text, "## Dos atos\n");
    for act in &facts.acts {
        line!(
            text,
            "{}. {} Às {} UTC. Aprovaram: {}.{}",
            act.step,
            sentence(act),
            civil(act.time).clock,
            full_names(&act.approved_by, "e"),
            notes(act)
        );
    }
    line!(text, "");
}

fn notes(act: &ActFacts<'_>) -> String {
    let one = |note: &&Note| {
        match note {
        Note::KeyAdopted => " *Ocorrência: a execução foi interrompida depois de gerada a chave; encontrada pelo identificador, conferidos seus atributos e provado seu uso, foi mantida.*".to_owned(),
        Note::KeyMadeAgain { reason } => format!(" *Ocorrência: a execução foi interrompida e deixou a chave inutilizável; foi destruída e gerada de novo ({}).*", plain(reason)),
        Note::FileAdopted => " *Ocorrência: a execução foi interrompida depois de gravado o arquivo; conferido o conteúdo e a assinatura, foi mantido.*".to_owned(),
    }
    };
    act.notes.iter().map(one).collect()
}

fn names(list: &[NamedHash]) -> String {
    let names: Vec<String> = list.iter().map(|item| format!("`{}`", item.name)).collect();
    joined(&names, "e")
}

fn sentence(facts: &ActFacts<'_>) -> String {
    match facts.act {
        Act::GenerateKey(act) => key(act, facts),
        Act::MakeRequest(act) => format!(
            "**Requisição de certificado.** A chave `{}` assinou requisição de certificado em nome de {}.",
            act.key,
            plain(&act.subject)
        ),
        Act::SignCertificate(act) => certificate(act),
        Act::SignCrl(act) => format!(
            "**Lista de certificados revogados.** A chave `{}` assinou a lista de número {}, com {}, vigente até {}.",
            act.authority,
            act.number,
            count(
                act.revoked,
                "nenhum certificado revogado",
                "certificado revogado",
                "certificados revogados"
            ),
            act.next_update
        ),
        Act::ExportRequests(_)
        | Act::ImportRequests(_)
        | Act::ExportCertificates(_)
        | Act::ImportCertificates(_) => envelope(facts.act),
        Act::RecordKeys(act) => publication(act),
        Act::Close(_) | Act::Abandon(_) => String::new(),
    }
}

fn key(act: &GenerateKey, facts: &ActFacts<'_>) -> String {
    let replaced = act
        .replaces
        .as_ref()
        .map_or_else(String::new, |old| format!(", sucessora de `{old}`"));
    let public = facts.public_key().map_or_else(String::new, |hash| {
        format!(" SHA-256 da chave pública: `{hash}`.")
    });
    format!(
        "**Geração de chave.** Foi gerada no token `{}` a chave `{}` ({}){replaced}, com o identificador `{}`, da qual nenhuma cópia pode sair do token.{public}",
        act.token, act.key, act.kind, act.id
    )
}

fn certificate(act: &SignCertificate) -> String {
    let kind = match act.kind {
        CertificateKind::Root => "certificado autoassinado da autoridade raiz",
        CertificateKind::Authority => "certificado de autoridade",
        CertificateKind::Service => "certificado de serviço",
        CertificateKind::Cross => "certificado cruzado",
    };
    format!(
        "**Emissão de certificado.** Foi emitido o {kind} `{}`, em nome de {}, de número de série `{}`, assinado pela chave `{}`.",
        act.name,
        plain(&act.subject),
        act.serial,
        act.issuer
    )
}

fn envelope(act: &Act) -> String {
    match act {
        Act::ExportRequests(act) => format!(
            "**Remessa de requisições.** As requisições {} foram gravadas, seladas, em `{}`, com o número único `{}`.",
            names(&act.requests),
            act.file,
            act.nonce
        ),
        Act::ImportRequests(act) => format!(
            "**Recebimento de requisições.** De `{}`, remetido pela cerimônia `{}` com o número único `{}`, foram recebidas e provadas as requisições {}.",
            act.file,
            act.question.ceremony,
            act.question.nonce,
            names(&act.requests)
        ),
        Act::ExportCertificates(act) => format!(
            "**Remessa de certificados.** Os certificados {} foram gravados, selados, em `{}`, em resposta à cerimônia `{}`.",
            names(&act.certificates),
            act.file,
            act.question.ceremony
        ),
        Act::ImportCertificates(act) => format!(
            "**Recebimento de certificados.** De `{}`, remetido pela cerimônia `{}`, foram recebidos e conferidos os certificados {}, emitidos sob {}.",
            act.file,
            act.answered_by,
            names(&act.certificates),
            names(&act.authorities)
        ),
        _ => String::new(),
    }
}

fn publication(act: &RecordKeys) -> String {
    let keys: Vec<String> = act.keys.iter().map(|key| format!("`{}`", key.key)).collect();
    let keys = match keys.as_slice() {
        [] => "nenhuma chave".to_owned(),
        [only] => format!("a chave {only}"),
        several => format!("as chaves {}", joined(several, "e")),
    };
    format!(
        "**Publicação.** Entraram em uso: {keys}; {}; {}.",
        count(
            act.certificates.len(),
            "nenhum certificado",
            "certificado",
            "certificados"
        ),
        count(
            act.crls.len(),
            "nenhuma lista de revogação",
            "lista de revogação",
            "listas de revogação"
        )
    )
}

fn count(number: usize, none: &str, one: &str, several: &str) -> String {
    match number {
        0 => none.to_owned(),
        1 => format!("1 {one}"),
        _ => format!("{number} {several}"),
    }
}

fn certificates(text: &mut String, facts: &Facts<'_>) {
    let mut rows = facts.certificates().peekable();
    if rows.peek().is_none() {
        return;
    }
    line!(text, "## Certificados emitidos\n");
    line!(
        text,
        "| certificado | titular | válido de | até | SHA-256 do certificado |\n|---|---|---|---|---|"
    );
    for (act, hash) in rows {
        let hash = hash.map_or_else(String::new, |hash| hash.to_string());
        line!(
            text,
            "| `{}` | {} | {} | {} | `{hash}` |",
            act.name,
            plain(&act.subject),
            act.not_before,
            act.not_after
        );
    }
    line!(text, "");
}

fn ending(text: &mut String, facts: &Facts<'_>) {
    line!(text, "## Do encerramento\n");
    match facts.ending.act {
        Act::Abandon(act) => {
            let keys: Vec<String> = act
                .destroys
                .iter()
                .map(|key| format!("`{}` (`{}`)", key.key, key.id))
                .collect();
            let keys = if keys.is_empty() {
                "nenhuma chave".to_owned()
            } else {
                joined(&keys, "e")
            };
            line!(
                text,
                "A cerimônia foi abandonada pelo seguinte motivo: {}. Foram destruídas nos tokens as chaves que só ela conhecia: {keys}.\n",
                plain(&act.reason)
            );
            for act in &facts.unfinished {
                line!(
                    text,
                    "Fora anunciado e não concluído, e conta como feito para todos os efeitos de numeração: `{}`.\n",
                    act.summary()
                );
            }
        }
        Act::Close(act) => {
            line!(
                text,
                "Os {} arquivos da cerimônia estão relacionados em `SHA256SUMS`, cujo resumo SHA-256 é `{}`.\n",
                act.files,
                act.hashes
            );
        }
        _ => {}
    }
    line!(
        text,
        "O registro da cerimônia (`transcript.jsonl`), em que cada linha contém o resumo da anterior, foi selado com as aprovações de {} e, até esse ponto, tem o resumo SHA-256 `{}`.\n",
        full_names(&facts.ending.approved_by, "e"),
        facts.sealed
    );
    let ended = civil(facts.ended);
    line!(
        text,
        "Nada mais havendo a tratar, {}, às {} (Tempo Universal Coordenado), deu-se por encerrada a cerimônia, da qual se lavrou a presente ata, que, lida e achada conforme, vai assinada pelos presentes.\n",
        date(&ended),
        ended.clock
    );
}

fn signatures(text: &mut String, facts: &Facts<'_>) {
    line!(text, "## Assinaturas\n");
    line!(text, "| nome | função | assinatura |\n|---|---|---|");
    for custodian in facts.present() {
        line!(
            text,
            "| {} | {} | &nbsp;<br>&nbsp; |",
            plain(&custodian.full_name),
            plain(&custodian.role)
        );
    }
    for role in ["Condutor da cerimônia", "Testemunha", "Testemunha"] {
        line!(text, "| &nbsp; | {role} | &nbsp;<br>&nbsp; |");
    }
}
