//! The doctor in English.

use crate::doctor::discovery::Discovery as D;

/// What, why, remedy.
#[expect(clippy::too_many_lines, reason = "one table: each discovery and its words")]
pub(super) fn words(discovery: &D) -> (String, &'static str, String) {
    match discovery {
        D::ConfigurationWrong { message } => (
            message.clone(),
            "Nothing starts while a mistake stands in the configuration.",
            "Correct the lines named above; ops/sinete.toml.example shows every key.".to_owned(),
        ),
        D::HierarchyWrong { message } => (
            message.clone(),
            "The hierarchy says what every certificate looks like; without it none is issued or renewed.",
            "Correct it, or restore the file that the ceremony used; ca-policies/README.md explains every key."
                .to_owned(),
        ),
        D::HierarchyProvisional { key, message } => (
            format!("hierarchy.toml, {key}: {message}"),
            "It stands in certificates for years; what was issued with it cannot be corrected.",
            "Good for a demonstration. Before a real ceremony put the office's own value there.".to_owned(),
        ),
        D::StateMissing { path } => (
            format!("There is no state folder at {}.", path.display()),
            "Keys, certificates and ceremonies are recorded there.",
            "Run the ceremony (sinete ceremony run), or correct `state` in sinete.toml.".to_owned(),
        ),
        D::WrongOwner { path, owner, ours } => (
            format!("{} belongs to user {owner}, not to the user of this command ({ours}).", path.display()),
            "Its owner can replace keys, certificates or addresses without anyone noticing.",
            format!("Run the command as the server's user, or: chown {ours} '{}'", path.display()),
        ),
        D::OthersWrite { path, mode } => (
            format!("{} has mode {mode:04o}: others may change it.", path.display()),
            "Whoever changes it decides what this server publishes or signs.",
            format!("chmod go-w '{}'", path.display()),
        ),
        D::OthersRead { path, mode, wanted } => (
            format!("{} has mode {mode:04o}: others may read it.", path.display()),
            "It holds, or leads to, a secret.",
            format!("chmod {wanted:o} '{}'", path.display()),
        ),
        D::NotWritable { path } => (
            format!("{} cannot be written by this user.", path.display()),
            "The server records there what it must not forget.",
            format!("Run the command as the server's user, or: chmod u+rwx '{}'", path.display()),
        ),
        D::Unreadable { path, message } => (
            format!("{} cannot be looked at: {message}.", path.display()),
            "What cannot be looked at was not checked.",
            "Run the command as the server's user.".to_owned(),
        ),
        D::DiskLow {
            path,
            free_mebibytes,
        } => (
            format!("{free_mebibytes} MiB are free where {} lies.", path.display()),
            "A server that cannot write what it is about to do does nothing.",
            "Make room, or move the state folder to a larger disk.".to_owned(),
        ),
        D::TokenTrouble { token, message } => (
            format!("Token {token}: {message}."),
            "Without its token the server signs nothing.",
            "Mend it as the message says; nothing was changed and no PIN was tried twice.".to_owned(),
        ),
        D::PinNotTried { token, message } => (
            format!("Token {token}: {message}."),
            "Tokens lock after a few wrong PINs, some of them for good; so no PIN was tried.",
            format!("Find out who gave a wrong PIN, correct it, then: sinete hsm probe --token {token} --pin-corrected"),
        ),
        D::NoInventory { path } => (
            format!("There is no list of keys at {}.", path.display()),
            "No ceremony has made keys yet; the server has nothing to sign with.",
            "Run the ceremony: sinete ceremony run".to_owned(),
        ),
        D::InventoryWrong { message } => (
            message.clone(),
            "Keys are only used as this list allows.",
            "Restore the file that the ceremony wrote; its hash stands in the transcript.".to_owned(),
        ),
        D::TokenNotConfigured { key, token } => (
            format!("Key {key} is on token {token}, which sinete.toml does not name."),
            "The signer cannot find the key.",
            format!("Add a [[token]] with label = \"{token}\" to sinete.toml."),
        ),
        D::KeyTrouble { key, message } => (
            format!("Key {key}: {message}."),
            "The server does not start with a key that is missing, another one, or able to leave its token.",
            "Connect the right token, or renew the key in a ceremony.".to_owned(),
        ),
        D::CertificateOfOtherKey { key, certificate } => (
            format!("Key {key} does not belong to its certificate {}.", certificate.display()),
            "Nothing signed with this key would verify under that certificate.",
            "Restore the certificate from the ceremony's folder, or renew the key in a ceremony.".to_owned(),
        ),
        D::CertificateUnreadable { message } => (
            message.clone(),
            "A certificate that cannot be read is not published and checks nothing.",
            "Restore it from the ceremony's folder.".to_owned(),
        ),
        D::NotYetValid { name, from } => (
            format!("The certificate of {name} is valid only from {from}."),
            "Until then nobody accepts what it vouches for. Often it is the clock that is wrong.",
            "Check the clock; if it is right, wait.".to_owned(),
        ),
        D::Expired { name, until } => (
            format!("The certificate of {name} ended at {until}."),
            "Nobody accepts what is signed under it from then on.",
            "Renew it in a ceremony (the script for renewal keeps the key, the one for re-key makes a new one)."
                .to_owned(),
        ),
        D::ExpiresSoon { name, until, days } => (
            format!("The certificate of {name} ends in {days} days, at {until}."),
            "What it issues ends with it at the latest, so certificates are getting shorter.",
            "Plan the ceremony that renews it.".to_owned(),
        ),
        D::IssuerMissing { name, issuer } => (
            format!("The certificate of {name} was issued by {issuer}, which is not among the certificates here."),
            "Its chain cannot be built, sent or checked.",
            "Put the issuer's certificate from the ceremony's folder into the certificates folder.".to_owned(),
        ),
        D::CrlWrong { name, message } => (
            format!("The revocation list of {name} is not accepted: {message}."),
            "Who reads it cannot tell whether a certificate is still good.",
            "Restore it from the ceremony's folder, or make a new one.".to_owned(),
        ),
        D::CrlExpired { name, until } => (
            format!("The revocation list of {name} ended at {until}."),
            "Strict readers refuse every certificate below this authority until there is a new one.",
            "Make a new list; the offline root's is made in a ceremony.".to_owned(),
        ),
        D::CrlExpiresSoon { name, until, days } => (
            format!("The revocation list of {name} ends in {days} days, at {until}."),
            "From then on strict readers refuse every certificate below this authority.",
            "Make a new list in time; the offline root's is made in a ceremony.".to_owned(),
        ),
        D::ClockNotSynchronised => (
            "No time service keeps this machine's clock.".to_owned(),
            "Certificates, time-stamps and revocation lists carry its time; time-stamps are refused without one.",
            "Install chrony (apt install chrony), or let the machine's host keep the time.".to_owned(),
        ),
        D::ClockUnknown => (
            "The kernel does not say whether a time service keeps the clock.".to_owned(),
            "Certificates, time-stamps and revocation lists carry its time.",
            "Allow the adjtimex call to this process (a container may forbid it), or watch the clock otherwise."
                .to_owned(),
        ),
        D::ClockInexact { milliseconds } => (
            format!("The clock may be off by {milliseconds} ms, says its time service."),
            "Time-stamps promise one second at most.",
            "Give the time service better or nearer sources.".to_owned(),
        ),
        D::ClockBehind { what, made, now } => (
            format!("The clock says {now}, but {what} was made at {made}."),
            "A clock that went back puts wrong times into everything it signs.",
            "Set the clock right before anything else is signed.".to_owned(),
        ),
        D::AddressTaken { which, address } => (
            format!("Another program listens at {address}, the address of the {which} listener."),
            "The server cannot start there.",
            "Stop that program, or change [listen] in sinete.toml.".to_owned(),
        ),
        D::AddressRefused {
            which,
            address,
            message,
        } => (
            format!("The {which} listener cannot be opened at {address}: {message}."),
            "The server cannot start there.",
            "Change [listen] in sinete.toml, or give the unit CAP_NET_BIND_SERVICE for ports below 1024.".to_owned(),
        ),
        D::NamesDiffer {
            certified,
            configured,
        } => (
            format!("The private listener's certificate is for {certified}, but sinete.toml says {configured}."),
            "Clients that call the new name refuse the certificate.",
            "Restart the server: it gets a certificate for the new names by itself.".to_owned(),
        ),
        D::NoLandlock => (
            "The kernel offers no Landlock.".to_owned(),
            "The signer process cannot be shut off from files that it does not need.",
            "Use a kernel with CONFIG_SECURITY_LANDLOCK, and add landlock to its lsm= list.".to_owned(),
        ),
        D::NoSeccomp => (
            "The kernel offers no seccomp filters.".to_owned(),
            "The signer process cannot be shut off from system calls that it does not need.",
            "Use a kernel with CONFIG_SECCOMP_FILTER.".to_owned(),
        ),
    }
}
