package dev.ratoon.app;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * The usual commands, against a server of canned answers: its own classes are not what commands
 * need, and whatever is remembered for them has to be read at each start.
 */
final class CommandTraining {
  private static final String PASSWORD = "training";
  private static final String VM =
      """
      {"id":"123e4567-e89b-12d3-a456-426614174000","name":"web","state":"running",
       "wanted":"running","host":"host","cpus":1,"memoryBytes":536870912,"firmware":"bios",
       "restart":"never","disks":[{"image":"a:b","differencing":true,"sizeBytes":1,
       "storedBytes":1,"copiedBytes":0}],"networks":[{"network":"user","mac":"52:54:00:00:00:01"}],
       "sshPort":22000,"createdAt":"2026-01-01T00:00:00Z","startMillis":1,"restarts":0}
      """;

  private final Path home;

  CommandTraining(Path home) {
    this.home = home;
  }

  void run() throws IOException, GeneralSecurityException, InterruptedException {
    KeyStore keys = keys(home.resolve("keys.p12"));
    HttpsServer server = server(keys);
    server.start();
    Path client = Files.createDirectory(home.resolve("client"));
    Files.writeString(
        client.resolve("server.url"), "https://127.0.0.1:" + server.getAddress().getPort());
    Files.writeString(client.resolve("admin.token"), "training");
    Files.writeString(client.resolve("ca.pem"), pem(keys));
    try {
      use(home);
      run(home, "vm", "show", "web");
    } finally {
      server.stop(0);
    }
  }

  /** Commands to the server that the folder names. */
  static void use(Path home) {
    run(home, "--version");
    run(home, "--help");
    run(home, "vm", "list");
    run(home, "vm", "list", "-o", "json");
    run(home, "vm", "--help");
    for (String kind : List.of("image", "base", "host", "operation")) {
      run(home, kind, "list");
    }
  }

  static void run(Path home, String... args) {
    Map<String, String> environment = Map.of("RATOON_HOME", home.toString());
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream output = new PrintStream(said, true, StandardCharsets.UTF_8);
    Session session =
        new Session(
            new Terminal(output, output, false, false, false, 80),
            InputStream.nullInputStream(),
            environment,
            InstantSource.system());
    if (Main.cli(session, DataFolder.of(environment)).run(args) != ExitCode.OK) {
      throw new IllegalStateException(
          String.join(" ", args) + ": " + said.toString(StandardCharsets.UTF_8));
    }
  }

  private static HttpsServer server(KeyStore keys) throws IOException, GeneralSecurityException {
    KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
    managers.init(keys, PASSWORD.toCharArray());
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(managers.getKeyManagers(), null, null);
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(tls));
    server.createContext("/", CommandTraining::answer);
    return server;
  }

  private static void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String text = path.endsWith("/web") ? VM : path.endsWith("/vms") ? "[" + VM + "]" : "[]";
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  /** A server's key, signed by an authority as real ones are: both kinds of check are learned. */
  private static KeyStore keys(Path file)
      throws IOException, GeneralSecurityException, InterruptedException {
    keytool(file, "-alias authority -dname CN=authority -ext bc:c");
    keytool(file, "-alias server -dname CN=server -ext san=ip:127.0.0.1 -signer authority");
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    keys.setCertificateEntry("trusted", keys.getCertificate("authority"));
    keys.deleteEntry("authority");
    return keys;
  }

  /** The JDK has no other way to make certificates, and whatever else is used is remembered. */
  private static void keytool(Path file, String what) throws IOException, InterruptedException {
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    String how = "-genkeypair -keyalg EC -groupname secp256r1 -storetype PKCS12";
    List<String> command = new ArrayList<>();
    command.add(keytool.toString());
    command.addAll(List.of(how.split(" ")));
    command.addAll(List.of(what.split(" ")));
    command.addAll(List.of("-storepass", PASSWORD, "-keystore", file.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException("keytool: " + said);
    }
  }

  private static String pem(KeyStore keys) throws GeneralSecurityException {
    return "-----BEGIN CERTIFICATE-----\n"
        + Base64.getMimeEncoder().encodeToString(keys.getCertificate("trusted").getEncoded())
        + "\n-----END CERTIFICATE-----\n";
  }
}
