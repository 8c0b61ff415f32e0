//! The doctor in Brazilian Portuguese. Messages of other parts stand inside as they are.

use crate::doctor::discovery::Discovery as D;

/// What, why, remedy.
#[expect(clippy::too_many_lines, reason = "one table: each discovery and its words")]
pub(super) fn words(discovery: &D) -> (String, &'static str, String) {
    match discovery {
        D::ConfigurationWrong { message } => (
            message.clone(),
            "Nada inicia enquanto houver um erro na configuração.",
            "Corrija as linhas indicadas; ops/sinete.toml.example mostra todas as chaves.".to_owned(),
        ),
        D::HierarchyWrong { message } => (
            message.clone(),
            "A hierarquia diz como é cada certificado; sem ela nada é emitido nem renovado.",
            "Corrija-a ou restaure o arquivo usado na cerimônia; ca-policies/README.md explica cada chave.".to_owned(),
        ),
        D::HierarchyProvisional { key, message } => (
            format!("hierarchy.toml, {key}: {}", provisional(key, message)),
            "O valor fica nos certificados por anos; o que foi emitido com ele não pode ser corrigido.",
            "Serve para demonstração. Antes de uma cerimônia real, coloque o valor próprio da serventia.".to_owned(),
        ),
        D::StateMissing { path } => (
            format!("Não há pasta de estado em {}.", path.display()),
            "Chaves, certificados e cerimônias são registrados ali.",
            "Faça a cerimônia (sinete ceremony run) ou corrija `state` em sinete.toml.".to_owned(),
        ),
        D::WrongOwner { path, owner, ours } => (
            format!("{} pertence ao usuário {owner}, não ao usuário deste comando ({ours}).", path.display()),
            "O dono pode trocar chaves, certificados ou endereços sem que ninguém note.",
            format!("Execute como o usuário do servidor, ou: chown {ours} '{}'", path.display()),
        ),
        D::OthersWrite { path, mode } => (
            format!("{} tem o modo {mode:04o}: outros podem alterá-lo.", path.display()),
            "Quem o altera decide o que este servidor publica ou assina.",
            format!("chmod go-w '{}'", path.display()),
        ),
        D::OthersRead { path, mode, wanted } => (
            format!("{} tem o modo {mode:04o}: outros podem lê-lo.", path.display()),
            "Contém um segredo ou leva a um.",
            format!("chmod {wanted:o} '{}'", path.display()),
        ),
        D::NotWritable { path } => (
            format!("{} não pode ser escrito por este usuário.", path.display()),
            "O servidor registra ali o que não pode esquecer.",
            format!("Execute como o usuário do servidor, ou: chmod u+rwx '{}'", path.display()),
        ),
        D::Unreadable { path, message } => (
            format!("{} não pode ser examinado: {message}.", path.display()),
            "O que não pode ser examinado não foi verificado.",
            "Execute o comando como o usuário do servidor.".to_owned(),
        ),
        D::DiskLow {
            path,
            free_mebibytes,
        } => (
            format!("Há {free_mebibytes} MiB livres onde está {}.", path.display()),
            "Um servidor que não consegue escrever o que vai fazer não faz nada.",
            "Libere espaço ou mova a pasta de estado para um disco maior.".to_owned(),
        ),
        D::TokenTrouble { token, message } => (
            format!("Token {token}: {message}."),
            "Sem o seu token o servidor não assina nada.",
            "Corrija como diz a mensagem; nada foi alterado e nenhum PIN foi tentado duas vezes.".to_owned(),
        ),
        D::PinNotTried { token, message } => (
            format!("Token {token}: {message}."),
            "Tokens se bloqueiam após poucos PINs errados, alguns para sempre; por isso nenhum PIN foi tentado.",
            format!("Descubra quem informou um PIN errado, corrija-o e depois: sinete hsm probe --token {token} --pin-corrected"),
        ),
        D::NoInventory { path } => (
            format!("Não há lista de chaves em {}.", path.display()),
            "Nenhuma cerimônia criou chaves ainda; o servidor não tem com que assinar.",
            "Faça a cerimônia: sinete ceremony run".to_owned(),
        ),
        D::InventoryWrong { message } => (
            message.clone(),
            "As chaves só são usadas como esta lista permite.",
            "Restaure o arquivo que a cerimônia escreveu; o seu resumo está na transcrição.".to_owned(),
        ),
        D::TokenNotConfigured { key, token } => (
            format!("A chave {key} está no token {token}, que sinete.toml não indica."),
            "O assinador não encontra a chave.",
            format!("Acrescente um [[token]] com label = \"{token}\" a sinete.toml."),
        ),
        D::KeyTrouble { key, message } => (
            format!("Chave {key}: {message}."),
            "O servidor não inicia com uma chave ausente, trocada ou que possa sair do token.",
            "Conecte o token certo ou renove a chave em uma cerimônia.".to_owned(),
        ),
        D::CertificateOfOtherKey { key, certificate } => (
            format!("A chave {key} não corresponde ao seu certificado {}.", certificate.display()),
            "Nada assinado com esta chave seria aceito sob aquele certificado.",
            "Restaure o certificado da pasta da cerimônia ou renove a chave em uma cerimônia.".to_owned(),
        ),
        D::CertificateUnreadable { message } => (
            message.clone(),
            "Um certificado que não pode ser lido não é publicado e não confere nada.",
            "Restaure-o da pasta da cerimônia.".to_owned(),
        ),
        D::NotYetValid { name, from } => (
            format!("O certificado de {name} só vale a partir de {from}."),
            "Até lá ninguém aceita o que ele garante. Muitas vezes é o relógio que está errado.",
            "Confira o relógio; se estiver certo, aguarde.".to_owned(),
        ),
        D::Expired { name, until } => (
            format!("O certificado de {name} venceu em {until}."),
            "Desde então ninguém aceita o que é assinado sob ele.",
            "Renove-o em uma cerimônia (um roteiro mantém a chave, o outro cria uma nova).".to_owned(),
        ),
        D::ExpiresSoon { name, until, days } => (
            format!("O certificado de {name} vence em {days} dias, em {until}."),
            "O que ele emite termina no máximo com ele; os certificados estão ficando mais curtos.",
            "Planeje a cerimônia que o renova.".to_owned(),
        ),
        D::IssuerMissing { name, issuer } => (
            format!("O certificado de {name} foi emitido por {issuer}, que não está entre os certificados daqui."),
            "A sua cadeia não pode ser montada, enviada nem conferida.",
            "Coloque o certificado do emissor, da pasta da cerimônia, na pasta de certificados.".to_owned(),
        ),
        D::CrlWrong { name, message } => (
            format!("A lista de revogação de {name} não é aceita: {message}."),
            "Quem a lê não sabe se um certificado ainda vale.",
            "Restaure-a da pasta da cerimônia ou faça uma nova.".to_owned(),
        ),
        D::CrlExpired { name, until } => (
            format!("A lista de revogação de {name} venceu em {until}."),
            "Leitores rigorosos recusam todo certificado abaixo desta autoridade até haver uma nova.",
            "Faça uma lista nova; a da raiz é feita em uma cerimônia.".to_owned(),
        ),
        D::CrlExpiresSoon { name, until, days } => (
            format!("A lista de revogação de {name} vence em {days} dias, em {until}."),
            "A partir daí leitores rigorosos recusam todo certificado abaixo desta autoridade.",
            "Faça uma lista nova a tempo; a da raiz é feita em uma cerimônia.".to_owned(),
        ),
        D::ClockNotSynchronised => (
            "Nenhum serviço de hora mantém o relógio desta máquina.".to_owned(),
            "Certificados, carimbos do tempo e listas de revogação levam a sua hora; sem ele carimbos são recusados.",
            "Instale o chrony (apt install chrony) ou deixe o hospedeiro manter a hora.".to_owned(),
        ),
        D::ClockUnknown => (
            "O núcleo do sistema não diz se um serviço de hora mantém o relógio.".to_owned(),
            "Certificados, carimbos do tempo e listas de revogação levam a sua hora.",
            "Permita a chamada adjtimex a este processo (um contêiner pode proibi-la) ou vigie o relógio de outro modo."
                .to_owned(),
        ),
        D::ClockInexact { milliseconds } => (
            format!("O relógio pode estar errado em {milliseconds} ms, diz o seu serviço de hora."),
            "Carimbos do tempo prometem no máximo um segundo.",
            "Dê ao serviço de hora fontes melhores ou mais próximas.".to_owned(),
        ),
        D::ClockBehind { what, made, now } => (
            format!("O relógio marca {now}, mas {what} foi feito em {made}."),
            "Um relógio que voltou põe horas erradas em tudo o que assina.",
            "Acerte o relógio antes que algo mais seja assinado.".to_owned(),
        ),
        D::AddressTaken { which, address } => (
            format!("Outro programa usa {address}, o endereço do acesso {}.", door(which)),
            "O servidor não consegue iniciar ali.",
            "Encerre aquele programa ou altere [listen] em sinete.toml.".to_owned(),
        ),
        D::AddressRefused {
            which,
            address,
            message,
        } => (
            format!("O acesso {} não pode ser aberto em {address}: {message}.", door(which)),
            "O servidor não consegue iniciar ali.",
            "Altere [listen] em sinete.toml ou dê CAP_NET_BIND_SERVICE à unidade para portas abaixo de 1024."
                .to_owned(),
        ),
        D::NamesDiffer {
            certified,
            configured,
        } => (
            format!("O certificado do acesso privado é para {certified}, mas sinete.toml diz {configured}."),
            "Clientes que chamam o nome novo recusam o certificado.",
            "Reinicie o servidor: ele obtém sozinho um certificado para os nomes novos.".to_owned(),
        ),
        D::NoLandlock => (
            "O núcleo do sistema não oferece Landlock.".to_owned(),
            "O processo assinador não pode ser isolado de arquivos de que não precisa.",
            "Use um núcleo com CONFIG_SECURITY_LANDLOCK e acrescente landlock à lista lsm=.".to_owned(),
        ),
        D::NoSeccomp => (
            "O núcleo do sistema não oferece filtros seccomp.".to_owned(),
            "O processo assinador não pode ser isolado de chamadas de que não precisa.",
            "Use um núcleo com CONFIG_SECCOMP_FILTER.".to_owned(),
        ),
    }
}

fn door(which: &str) -> &'static str {
    if which == "public" { "público" } else { "privado" }
}

/// The two kinds that exist are said in Portuguese; a new one is passed on as it is.
fn provisional<'a>(key: &str, message: &'a str) -> &'a str {
    match key {
        "office.policy_arc" => {
            "é o arco reservado para exemplos; registre um número próprio na IANA e use o arco da serventia"
        }
        "office.public_base" | "office.cps" => {
            "o endereço só pode ser alcançado desta máquina; use um nome público antes de uma cerimônia real"
        }
        _ => message,
    }
}
