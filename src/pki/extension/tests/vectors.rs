//! Contents written by OpenSSL 3.0, kept as hexadecimal so that the tests need no tool.
//!
//! Each was cut out of a certificate made with
//! `openssl x509 -req -in c.csr -signkey k.pem -set_serial 0x1234 -days 1 -extfile x.cnf -extensions x`, where
//! the subject is `C=BR, CN=Raiz` and section `x` of the file holds the lines in the comment. The CRL's come from
//! `openssl ca -revoke leaf.pem -crl_compromise 20260102030405Z` and `openssl ca -gencrl`.

// basicConstraints=critical,CA:TRUE
pub(super) const BASIC_CONSTRAINTS_ROOT: &str = "30030101ff";

// basicConstraints=critical,CA:TRUE,pathlen:0
pub(super) const BASIC_CONSTRAINTS_PATH_0: &str = "30060101ff020100";

// basicConstraints=critical,CA:TRUE,pathlen:200
pub(super) const BASIC_CONSTRAINTS_PATH_200: &str = "30070101ff020200c8";

// basicConstraints=critical,CA:FALSE
pub(super) const BASIC_CONSTRAINTS_END_ENTITY: &str = "3000";

// keyUsage=critical,digitalSignature,nonRepudiation
pub(super) const KEY_USAGE_DOCUMENT: &str = "030206c0";

// keyUsage=critical,keyCertSign,cRLSign
pub(super) const KEY_USAGE_AUTHORITY: &str = "03020106";

// keyUsage=critical,keyAgreement,decipherOnly
pub(super) const KEY_USAGE_DECIPHER: &str = "0303070880";

// extendedKeyUsage=serverAuth,clientAuth,1.3.6.1.5.5.7.3.36
pub(super) const EXTENDED_KEY_USAGE: &str =
    "301e06082b0601050507030106082b0601050507030206082b06010505070324";

// subjectKeyIdentifier=0102030405060708090A0B0C0D0E0F1011121314
pub(super) const SUBJECT_KEY_IDENTIFIER: &str = "04140102030405060708090a0b0c0d0e0f1011121314";

// subjectKeyIdentifier=0102030405060708090A0B0C0D0E0F1011121314
// authorityKeyIdentifier=keyid:always,issuer:always
pub(super) const AUTHORITY_KEY_IDENTIFIER_FULL: &str = concat!(
    "303c80140102030405060708090a0b0c0d0e0f1011121314a120a41e301c310b3009060355040613024252310d300b06",
    "035504030c045261697a82021234",
);

// subjectKeyIdentifier=0102030405060708090A0B0C0D0E0F1011121314
// authorityKeyIdentifier=keyid:always
pub(super) const AUTHORITY_KEY_IDENTIFIER: &str = "301680140102030405060708090a0b0c0d0e0f1011121314";

// subjectAltName=@n
// [n]
// DNS.1=cartorio.example
// DNS.2=*.cartorio.example
// DNS.3=xn--mnchen-3ya.example
// IP.1=192.0.2.1
// IP.2=2001:db8::1
// email.1=tabeliao@cartorio.example
// URI.1=https://cartorio.example/a?b=c
// RID.1=1.2.3.4
// dirName.1=d
// [d]
// C=BR
// O=2o Oficio
pub(super) const SUBJECT_ALT_NAME: &str = concat!(
    "3081bb8210636172746f72696f2e6578616d706c6582122a2e636172746f72696f2e6578616d706c658216786e2d2d6d",
    "6e6368656e2d3379612e6578616d706c658704c0000201871020010db80000000000000000000000018119746162656c",
    "69616f40636172746f72696f2e6578616d706c65861e68747470733a2f2f636172746f72696f2e6578616d706c652f61",
    "3f623d6388032a0304a4233021310b300906035504061302425231123010060355040a0c09326f204f666963696f",
);

// subjectAltName=@n
// [n]
// otherName.1=1.3.6.1.4.1.311.20.2.3;UTF8:ana@corp.example
// otherName.2=1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:joão@cartorio.example
pub(super) const SUBJECT_ALT_NAME_OTHER: &str = concat!(
    "3048a020060a2b060104018237140203a0120c10616e6140636f72702e6578616d706c65a02406082b06010505070809",
    "a0180c166a6fc3a36f40636172746f72696f2e6578616d706c65",
);

// subjectAltName=@n
// [n]
// otherName.1=2.16.76.1.3.1;FORMAT:ASCII,OCTETSTRING:010219805299822472500000000000000000123456789SSPSP
// otherName.2=2.16.76.1.3.3;FORMAT:ASCII,OCTETSTRING:12ABC34501DE35
pub(super) const SUBJECT_ALT_NAME_ICP_BRASIL: &str = concat!(
    "305aa03d0605604c010301a0340432303130323139383035323939383232343732353030303030303030303030303030",
    "3030303132333435363738395353505350a0190605604c010303a010040e3132414243333435303144453335",
);

// certificatePolicies=1.3.6.1.4.1.99999.1,@p,2.5.29.32.0
// [p]
// policyIdentifier=1.3.6.1.4.1.99999.2
// CPS.1=http://pki.cartorio.example/dpc.pdf
// userNotice.1=@u
// [u]
// explicitText=UTF8:Certificado fora da ICP-Brasil
pub(super) const CERTIFICATE_POLICIES: &str = concat!(
    "308183300b06092b06010401868d1f01306c06092b06010401868d1f02305f302f06082b060105050702011623687474",
    "703a2f2f706b692e636172746f72696f2e6578616d706c652f6470632e706466302c06082b0601050507020230200c1e",
    "436572746966696361646f20666f7261206461204943502d42726173696c30060604551d2000",
);

// certificatePolicies=@p
// [p]
// policyIdentifier=1.3.6.1.4.1.99999.2
// userNotice.1=@u
// [u]
// explicitText=Aviso
// organization=2o Oficio
// noticeNumbers=1,300
pub(super) const CERTIFICATE_POLICIES_REFERENCE: &str = concat!(
    "303a303806092b06010401868d1f02302b302906082b06010505070202301d30141a09326f204f666963696f30070201",
    "010202012c1a05417669736f",
);

// policyMappings=critical,1.3.6.1.4.1.99999.1:2.16.76.1.2.1.1,1.3.6.1.4.1.99999.2:2.16.76.1.2.3.1
pub(super) const POLICY_MAPPINGS: &str =
    "302a301306092b06010401868d1f010606604c01020101301306092b06010401868d1f020606604c01020301";

// policyConstraints=critical,requireExplicitPolicy:0,inhibitPolicyMapping:200
pub(super) const POLICY_CONSTRAINTS: &str = "3007800100810200c8";

// policyConstraints=critical,inhibitPolicyMapping:1
pub(super) const POLICY_CONSTRAINTS_MAPPING: &str = "3003810101";

// inhibitAnyPolicy=critical,3
pub(super) const INHIBIT_ANY_POLICY: &str = "020103";

// nameConstraints=critical,@n
// [n]
// permitted;DNS.1=cartorio.example
// permitted;email.1=.cartorio.example
// permitted;email.2=a@b.example
// permitted;IP.1=192.0.2.0/255.255.255.0
// permitted;IP.2=2001:db8::/ffff:ffff::
// permitted;dirName.1=d
// excluded;URI.1=.interno.example
// excluded;IP.3=0.0.0.0/0.0.0.0
// excluded;DNS.2=
// excluded;RID.1=1.2.3.4
// [d]
// C=BR
pub(super) const NAME_CONSTRAINTS: &str = concat!(
    "3081aaa07b30128210636172746f72696f2e6578616d706c65301381112e636172746f72696f2e6578616d706c65300d",
    "810b6140622e6578616d706c65300a8708c0000200ffffff003022872020010db8000000000000000000000000ffffff",
    "ff0000000000000000000000003011a40f300d310b3009060355040613024252a12b301286102e696e7465726e6f2e65",
    "78616d706c65300a8708000000000000000030028200300588032a0304",
);

// authorityInfoAccess=OCSP;URI:http://ocsp.cartorio.example/,caIssuers;URI:http://pki.cartorio.example/aia/raiz.cer
pub(super) const AUTHORITY_INFO_ACCESS: &str = concat!(
    "3061302906082b06010505073001861d687474703a2f2f6f6373702e636172746f72696f2e6578616d706c652f303406",
    "082b060105050730028628687474703a2f2f706b692e636172746f72696f2e6578616d706c652f6169612f7261697a2e",
    "636572",
);

// crlDistributionPoints=URI:http://pki.cartorio.example/crl/raiz.crl,URI:http://espelho.example/raiz.crl
pub(super) const CRL_DISTRIBUTION_POINTS: &str = concat!(
    "3057302ea02ca02a8628687474703a2f2f706b692e636172746f72696f2e6578616d706c652f63726c2f7261697a2e63",
    "726c3025a023a021861f687474703a2f2f657370656c686f2e6578616d706c652f7261697a2e63726c",
);

// crlDistributionPoints=a,b,c
// [a]
// fullname=URI:http://pki.cartorio.example/crl/raiz.crl,URI:ldap:///cn=Raiz
// [b]
// fullname=URI:http://pki.cartorio.example/crl/chave.crl
// reasons=keyCompromise,CACompromise
// CRLissuer=dirName:d
// [c]
// relativename=r
// reasons=AACompromise
// [d]
// C=BR
// CN=Outra
// [r]
// CN=Parte
pub(super) const CRL_DISTRIBUTION_POINTS_FULL: &str = concat!(
    "3081b2303fa03da03b8628687474703a2f2f706b692e636172746f72696f2e6578616d706c652f63726c2f7261697a2e",
    "63726c860f6c6461703a2f2f2f636e3d5261697a3056a02da02b8629687474703a2f2f706b692e636172746f72696f2e",
    "6578616d706c652f63726c2f63686176652e63726c81020560a221a41f301d310b3009060355040613024252310e300c",
    "06035504030c054f757472613017a010a10e300c06035504030c0550617274658103070080",
);

// freshestCRL=URI:http://pki.cartorio.example/crl/raiz-delta.crl
pub(super) const FRESHEST_CRL: &str = concat!(
    "30363034a032a030862e687474703a2f2f706b692e636172746f72696f2e6578616d706c652f63726c2f7261697a2d64",
    "656c74612e63726c",
);

// issuingDistributionPoint=critical,@i
// [i]
// fullname=URI:http://pki.cartorio.example/crl/raiz.crl
// onlyuser=TRUE
// indirectCRL=TRUE
// onlysomereasons=keyCompromise,cessationOfOperation
pub(super) const ISSUING_DISTRIBUTION_POINT: &str = concat!(
    "3038a02ca02a8628687474703a2f2f706b692e636172746f72696f2e6578616d706c652f63726c2f7261697a2e63726c",
    "8101ff830202448401ff",
);

// issuingDistributionPoint=critical,@i
// [i]
// onlyCA=TRUE
pub(super) const ISSUING_DISTRIBUTION_POINT_CA: &str = "30038201ff";

// issuingDistributionPoint=critical,@i
// [i]
// relativename=r
// onlyAA=TRUE
// [r]
// CN=Parte
pub(super) const ISSUING_DISTRIBUTION_POINT_RELATIVE: &str = "3015a010a10e300c06035504030c0550617274658501ff";

// noCheck=ignored
pub(super) const OCSP_NO_CHECK: &str = "0500";

// 1.3.6.1.5.5.7.1.3=ASN1:SEQUENCE:q, with one section for each of the nine statements that the test lists.
pub(super) const QC_STATEMENTS: &str = concat!(
    "3081ee3008060604008e4601013008060604008e4601043013060604008e4601063009060704008e4601060130120606",
    "04008e460107300813024252130255593016060604008e460102300c130342524c02020096020103300b060604008e46",
    "01030201143068060604008e460105305e302d162768747470733a2f2f706b692e636172746f72696f2e6578616d706c",
    "652f7064732d656e2e7064661302656e302d162768747470733a2f2f706b692e636172746f72696f2e6578616d706c65",
    "2f7064732d70742e70646613027074301506082b06010505070b023009060704008bec490101300906042a0304050101",
    "ff",
);

// 1.3.6.1.5.5.7.1.37=ASN1:SEQUENCE:s
// [s]
// a=FORMAT:HEX,OCTETSTRING:(32 times ab)
// b=SEQUENCE:t
// c=UTF8:cades
// [t]
// a=OID:2.16.840.1.101.3.4.2.1
pub(super) const SIGNED_DOCUMENT_BINDING: &str = concat!(
    "30360420abababababababababababababababababababababababababababababababab300b06096086480165030402",
    "010c056361646573",
);

// From the CRL; its number file held 0100000000000000AB.
pub(super) const CRL_NUMBER: &str = "02090100000000000000ab";

// From the CRL.
pub(super) const REASON_CODE: &str = "0a0101";

// From the CRL.
pub(super) const INVALIDITY_DATE: &str = "180f32303236303130323033303430355a";
