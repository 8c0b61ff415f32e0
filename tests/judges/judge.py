"""Judges certificates with pkilint and pyca/cryptography, all of them in one start of Python.

Reads JSON from standard input: {"chains": [[leaf.pem, ..., root.pem], ...], "pairs": [[subject.pem, issuer.pem], ...],
"crls": [file.pem, ...]}. Answers {"chains": [null or reason, ...], "findings": [[{"code", "severity", "where", "message"},
...], ...], "crl_findings": [the same, ...]}.
"""

import contextlib
import io
import json
import sys

from cryptography import x509
from pkilint.bin import lint_crl, lint_pkix_cert, lint_pkix_signer_signee_cert_chain


def judge_chain(files):
    """Names and signatures, link by link; the root must have signed itself."""
    chain = []
    for file in files:
        with open(file, "rb") as stream:
            chain.append(x509.load_pem_x509_certificate(stream.read()))
    for subject, issuer in zip(chain, chain[1:] + chain[-1:]):
        try:
            # Parsing every extension is part of the judgement.
            list(subject.extensions)
            subject.verify_directly_issued_by(issuer)
        except Exception as refusal:  # whatever it is, it is this judge's answer
            return f"{subject.subject.rfc4514_string()}: {type(refusal).__name__}: {refusal}"
    return None


def lint(main, arguments):
    """Runs one of pkilint's commands as its command line would, and reads its report."""
    report = io.StringIO()
    problems = io.StringIO()
    with contextlib.redirect_stdout(report), contextlib.redirect_stderr(problems):
        main(["lint", "-f", "JSON", "-s", "WARNING", *arguments])
    if not report.getvalue():
        return [{"code": "not-readable", "severity": "FATAL", "where": "", "message": problems.getvalue()}]
    return [
        {
            "code": finding["code"],
            "severity": finding["severity"],
            "where": result["node_path"],
            "message": finding.get("message") or "",
        }
        for result in json.loads(report.getvalue())["results"]
        for finding in result["finding_descriptions"]
    ]


def findings(pair):
    """What pkilint holds against a certificate, and against it under its issuer."""
    certificate, issuer = pair
    return lint(lint_pkix_cert.main, [certificate]) + lint(
        lint_pkix_signer_signee_cert_chain.main, [issuer, certificate]
    )


def main():
    request = json.load(sys.stdin)
    json.dump(
        {
            "chains": [judge_chain(files) for files in request["chains"]],
            "findings": [findings(pair) for pair in request["pairs"]],
            "crl_findings": [lint(lint_crl.main, ["-t", "CRL", "-p", "PKIX", crl]) for crl in request["crls"]],
        },
        sys.stdout,
    )


main()
