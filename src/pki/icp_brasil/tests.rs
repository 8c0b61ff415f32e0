//! Widths, zeros, check digits, and that nothing personal is shown.

use super::person::IdentityCard;
use super::*;
use crate::asn1::tag;

/// Made up; the check digits agree.
const CPF: &str = "52998224725";
const PERSON: &str = concat!(
    "01021980",
    "52998224725",
    "00000000000",
    "000000123456789",
    "SSPSP"
);

fn person() -> Person {
    Person {
        birth: Some(BirthDate::new(1980, 2, 1).unwrap()),
        cpf: Some(Cpf::new(CPF).unwrap()),
        nis: None,
        identity_card: Some(IdentityCard::new("123456789", Some("SSPSP")).unwrap()),
    }
}

/// Reads a text whose fields are set apart by bars, to be seen.
fn read(kind: ObjectIdentifier, text: &str) -> Result<Option<Identity>> {
    let text = text.replace('|', "");
    Identity::from_other_name(&OtherName::new(kind, write::octet_string(text.as_bytes())).unwrap())
}

#[test]
fn a_person_is_forty_five_places_and_the_issuer() {
    let identity = Identity::Person(person());
    let name = identity.to_other_name().unwrap();
    assert_eq!(name.text(), Some(PERSON));
    assert_eq!(Identity::from_other_name(&name), Ok(Some(identity)));
    let unknown = Identity::Responsible(Person::default()).to_other_name().unwrap();
    assert_eq!(unknown.text(), Some("0".repeat(45).as_str()));
    assert_eq!(
        Identity::from_other_name(&unknown),
        Ok(Some(Identity::Responsible(Person::default())))
    );
}

#[test]
fn every_identity_keeps_its_text() {
    for (kind, text) in [
        (known::PERSON, PERSON),
        (known::PERSON, "00000000|52998224725|00000000000|000000000000000"),
        (
            known::PERSON,
            "01021980|00000000000|12345678901|00000012345678X|DETRANRJ",
        ),
        (known::RESPONSIBLE_NAME, "JOAO DA SILVA"),
        (known::COMPANY, "11222333000181"),
        (known::COMPANY, "12ABC34501DE35"),
        (known::COMPANY, "00000000000000"),
        (known::RESPONSIBLE, PERSON),
        (known::VOTER, "123456789012|001|0234|SAO PAULOSP"),
        (known::VOTER, "123456789012|000|0000"),
        (known::VOTER, "000000000000|000|0000"),
        (known::PERSON_CEI, "000123456789"),
        (known::PERSON_CEI, "000000000000"),
        (known::COMPANY_CEI, "512345678901"),
        (known::COMPANY_NAME, "Silva & Filhos Ltda. - ME"),
    ] {
        let identity = read(kind, text).unwrap().unwrap();
        let without_bars = text.replace('|', "");
        assert_eq!(
            identity.to_other_name().unwrap().text(),
            Some(without_bars.as_str())
        );
        assert_eq!(identity.type_id(), kind);
    }
    assert_eq!(read(crate::oid::other_name::USER_PRINCIPAL_NAME, "x"), Ok(None));
}

#[test]
fn both_string_types_are_read() {
    for string in [
        tag::OCTET_STRING,
        tag::PRINTABLE_STRING,
        tag::UTF8_STRING,
        tag::IA5_STRING,
    ] {
        let name = OtherName::new(known::PERSON, write::value(string, PERSON.as_bytes())).unwrap();
        assert_eq!(
            Identity::from_other_name(&name),
            Ok(Some(Identity::Person(person())))
        );
    }
    let number = OtherName::new(known::COMPANY, write::small_unsigned(11_222_333_000_181)).unwrap();
    assert!(Identity::from_other_name(&number).is_err());
}

#[test]
fn persons_outside_their_fields_are_refused() {
    for text in [
        "",
        "01021980|52998224725|00000000000|00000000000000",
        "01021980|52998224725|00000000000|000000000000000|SSPSP",
        "01021980|52998224724|00000000000|000000123456789|SSPSP",
        "30021980|52998224725|00000000000|000000123456789|SSPSP",
        "+1+21980|52998224725|00000000000|000000123456789|SSPSP",
        "01021980|5299822472A|00000000000|000000123456789|SSPSP",
        "01021980|52998224725|0000000000A|000000123456789|SSPSP",
        "01021980|52998224725|00000000000|000000123456789|SSPSPXXXXXX",
        "01021980|52998224725|00000000000|000000123456789|sspsp",
        "01021980|52998224725|00000000000|000000123456789|SSP/SP",
        "01021980|52998224725|00000000000|000000123456789|SSPSP ",
        "01021980|52998224725|00000000000|00012.345.678-9|SSPSP",
        "01021980|52998224725|00000000000|00012 345 678 9|SSPSP",
        "01/02/1980|529.982.247-25|00000000000|000000123456789",
        "01021980|52998224725|0000000000\u{e1}|00000123456789|SSPSP",
    ] {
        assert!(read(known::PERSON, text).is_err(), "{text}");
        assert!(read(known::RESPONSIBLE, text).is_err(), "{text}");
    }
}

#[test]
fn other_identities_outside_their_fields_are_refused() {
    for (kind, text) in [
        (known::COMPANY, "11222333000182"),
        (known::COMPANY, "11.222.333/0001-81"),
        (known::COMPANY, "12abc34501de35"),
        (known::COMPANY, "12ABC34501DE3"),
        (known::COMPANY, "12ABC34501DE3A"),
        (known::COMPANY, "0000000000000"),
        (known::VOTER, "000000000000|000|000"),
        (known::VOTER, "000000000000|000|0000|SAO PAULOSP"),
        (known::VOTER, "123456789012|001|0234|SAO PAULO DO POTENGI RN"),
        (known::VOTER, "12345678901A|001|0234"),
        (known::PERSON_CEI, "12345678901"),
        (known::COMPANY_CEI, "1234567890123"),
        (known::COMPANY_CEI, "12345678901X"),
        (known::RESPONSIBLE_NAME, ""),
        (known::RESPONSIBLE_NAME, "Jo\u{e3}o"),
        (known::COMPANY_NAME, " X"),
        (known::COMPANY_NAME, "a\0b"),
    ] {
        assert!(read(kind, text).is_err(), "{kind} {text}");
    }
}

#[test]
fn check_digits_are_those_of_the_federal_revenue() {
    // The first two CNPJ with letters are the examples of the federal revenue's own guide.
    for cnpj in [
        "12ABC34501DE35",
        "12ABC345000188",
        "11222333000181",
        "33000167000101",
        "00000000000191",
    ] {
        assert!(Cnpj::new(cnpj).is_ok(), "{cnpj}");
    }
    for cpf in [CPF, "39053344705", "11144477735", "00000000191"] {
        assert!(Cpf::new(cpf).is_ok(), "{cpf}");
    }
    for same in 0..=9 {
        assert!(Cpf::new(&same.to_string().repeat(11)).is_err());
    }
    assert!(Cpf::new("1114447773").is_err());
    assert!(Cpf::new("1114447773A").is_err());
    assert!(Cnpj::new("00000000000000").is_err());
    assert_eq!("529.982.247-25".parse::<Cpf>().unwrap().as_str(), CPF);
    let typed = "12.abc.345/01de-35".parse::<Cnpj>().unwrap();
    assert_eq!((typed.as_str(), typed.has_letters()), ("12ABC34501DE35", true));
    // One digit off is always seen.
    for position in 0..11 {
        let mut digits = CPF.to_owned().into_bytes();
        digits[position] = b'0' + (digits[position] - b'0' + 1) % 10;
        assert!(
            Cpf::new(std::str::from_utf8(&digits).unwrap()).is_err(),
            "{position}"
        );
    }
}

#[test]
fn nothing_personal_is_shown() {
    let name = Identity::Person(person()).to_general_name().unwrap();
    let wrong = read(
        known::PERSON,
        "01021980|52998224724|00000000000|000000123456789|SSPSP",
    )
    .unwrap_err();
    let voter = Voter::new(
        Number::new("123456789012").unwrap(),
        None,
        None,
        Some("BELO HORIZONTEMG"),
    )
    .unwrap();
    for shown in [
        format!("{name} {name:?}"),
        format!("{:?}", Identity::Person(person())),
        format!("{:?} {:?}", voter, Cnpj::new("11222333000181")),
        format!("{wrong} {wrong:?}"),
    ] {
        for secret in ["529982247", "1980", "123456789", "SSP", "BELO", "11222333"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
