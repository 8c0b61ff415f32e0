// Judges certificate paths with OpenJDK's PKIX validator. Reads lines "name TAB leaf.pem TAB ... TAB root.pem",
// answers "name TAB accepted" or "name TAB reason". Run from its source: java Paths.java
// "java Paths.java knows ALGORITHM" answers yes or no.

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

class Paths {
    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 2 && arguments[0].equals("knows")) {
            System.out.println(knows(arguments[1]) ? "yes" : "no");
            return;
        }
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = input.readLine()) != null; ) {
            var fields = line.split("\t");
            String verdict;
            try {
                judge(List.of(fields).subList(1, fields.length));
                verdict = "accepted";
            } catch (Exception refusal) {
                verdict = refusal.toString().replace('\n', ' ').replace('\t', ' ');
            }
            System.out.println(fields[0] + "\t" + verdict);
        }
    }

    private static boolean knows(String algorithm) {
        try {
            KeyFactory.getInstance(algorithm);
            return true;
        } catch (NoSuchAlgorithmException unknown) {
            return false;
        }
    }

    private static void judge(List<String> files) throws Exception {
        var factory = CertificateFactory.getInstance("X.509");
        var path = new ArrayList<X509Certificate>();
        for (var file : files) {
            try (InputStream stream = Files.newInputStream(Path.of(file))) {
                path.add((X509Certificate) factory.generateCertificate(stream));
            }
        }
        // The validator takes the anchor as given; its own signature and dates are looked at here.
        var root = path.remove(path.size() - 1);
        root.verify(root.getPublicKey());
        root.checkValidity();
        if (path.isEmpty()) return;
        var parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        parameters.setRevocationEnabled(false);
        CertPathValidator.getInstance("PKIX").validate(factory.generateCertPath(path), parameters);
    }
}
