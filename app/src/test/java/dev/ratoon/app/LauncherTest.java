package dev.ratoon.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shell script ./ratoon, with JDKs that only say how they were called. */
class LauncherTest {
  private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();

  @TempDir Path folder;
  private Path ratoon = Path.of("");

  record Ran(int code, String said) {}

  @BeforeEach
  void unpack() throws IOException {
    Path home = Files.createDirectories(folder.resolve("some where/ratoon"));
    ratoon = Files.copy(CHECKOUT.resolve("ratoon"), home.resolve("ratoon"));
    Path bin = Files.createDirectory(home.resolve("bin"));
    for (String script : List.of("find-jdk.sh", "build.sh")) {
      Files.copy(CHECKOUT.resolve("bin").resolve(script), bin.resolve(script));
    }
    assertThat(ratoon.toFile().setExecutable(true)).isTrue();
  }

  @Test
  void takesTheJdkOfJavaHome() throws Exception {
    Path jdk = jdk("one", "25.0.3");
    Ran ran = run(ratoon, Map.of("JAVA_HOME", jdk.toString()), "vm", "list", "two words");
    assertThat(ran.code).isZero();
    assertThat(ran.said)
        .startsWith("java of one\n")
        .contains("<-XX:TieredStopAtLevel=1>", "<-Dratoon.root=" + ratoon.getParent() + ">")
        .endsWith("<dev.ratoon.app.Main>\n<vm>\n<list>\n<two words>\n");
  }

  @Test
  void takesTheJdkOnThePath() throws Exception {
    Path jdk = jdk("one", "26");
    Ran ran = run(ratoon, Map.of("PATH", jdk.resolve("bin") + ":/usr/bin:/bin"));
    assertThat(ran.said).startsWith("java of one\n");
  }

  @Test
  void takesAJdkThatIsInstalled() throws Exception {
    jdk("jvms/old", "17.0.1");
    jdk("jvms/young", "25-ea");
    Path old = jdk("older", "21.0.2");
    Ran ran = run(ratoon, Map.of("JAVA_HOME", old.toString()));
    assertThat(ran.said).startsWith("java of young\n");
  }

  @Test
  void saysWhatToInstallWhereThereIsNoJdk() throws Exception {
    jdk("jvms/old", "17.0.1");
    Ran ran = run(ratoon, Map.of());
    assertThat(ran.code).isEqualTo(5);
    assertThat(ran.said).contains("needs a JDK of version 25 or newer", "apt-get install");
  }

  @Test
  void findsItselfThroughLinks() throws Exception {
    Path bin = Files.createDirectory(folder.resolve("links"));
    Path absolute = Files.createSymbolicLink(bin.resolve("a"), ratoon);
    Path relative = Files.createSymbolicLink(bin.resolve("b"), Path.of("a"));
    Ran ran = run(relative, Map.of("JAVA_HOME", jdk("one", "25").toString()));
    assertThat(ran.said).contains("<-Dratoon.root=" + ratoon.getParent() + ">");
    assertThat(absolute).isSymbolicLink();
  }

  @Test
  void letsBulkCommandsHaveTheFastCompiler() throws Exception {
    Map<String, String> jdk = Map.of("JAVA_HOME", jdk("one", "25").toString());
    assertThat(run(ratoon, jdk, "-q", "image", "add").said).doesNotContain("TieredStopAtLevel");
    assertThat(run(ratoon, jdk, "vm", "show", "image").said)
        .contains("TieredStopAtLevel", "<-Xmx256m>");
  }

  @Test
  void letsDiskCommandsHaveRoomForManifests() throws Exception {
    String jdk = jdk("one", "25").toString();
    assertThat(run(ratoon, Map.of("JAVA_HOME", jdk), "disk", "id", "x").said)
        .contains("<-Xmx2g>")
        .doesNotContain("TieredStopAtLevel");
    assertThat(run(ratoon, Map.of("JAVA_HOME", jdk, "RATOON_HEAP", "8g"), "disk", "id").said)
        .contains("<-Xmx8g>");
  }

  @Test
  void givesServersWhatTheyNeedInTheForeground() throws Exception {
    Map<String, String> jdk = Map.of("JAVA_HOME", jdk("one", "25").toString());
    for (String command : List.of("server", "up --foreground", "agent up --foreground")) {
      assertThat(run(ratoon, jdk, command.split(" ")).said)
          .contains("<-Xmx512m>", "<-XX:+ExitOnOutOfMemoryError>", "/aot/server>")
          .doesNotContain("TieredStopAtLevel");
    }
    assertThat(run(ratoon, jdk, "up").said).contains("/aot/commands>");
  }

  @Test
  void aServerWithALargeHeapIsNotStoppedForLong() throws Exception {
    String jdk = jdk("one", "25").toString();
    assertThat(run(ratoon, Map.of("JAVA_HOME", jdk), "server").said).contains("<-XX:+UseSerialGC>");
    assertThat(run(ratoon, Map.of("JAVA_HOME", jdk, "RATOON_HEAP", "4g"), "server").said)
        .contains("<-Xmx4g>", "<-XX:+UseG1GC>", "<-XX:MaxGCPauseMillis=20>")
        .doesNotContain("UseSerialGC");
    assertThat(run(ratoon, Map.of("JAVA_HOME", jdk, "RATOON_HEAP", "4g"), "vm", "list").said)
        .contains("<-XX:+UseSerialGC>");
  }

  @Test
  void saysThatAHeapIsNonsense() throws Exception {
    String jdk = jdk("one", "25").toString();
    for (String heap : List.of("much", "4 g", "-1", "0")) {
      Ran ran = run(ratoon, Map.of("JAVA_HOME", jdk, "RATOON_HEAP", heap), "server");
      assertThat(ran.code).isEqualTo(2);
      assertThat(ran.said).contains("RATOON_HEAP '" + heap + "'", "512m or 4g");
    }
  }

  private Path jdk(String name, String version) throws IOException {
    Path jdk = folder.resolve(name);
    Path bin = Files.createDirectories(jdk.resolve("bin"));
    Files.writeString(
        jdk.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    String say = "#!/bin/sh\necho java of " + jdk.getFileName() + "\nprintf '<%s>\\n' \"$@\"\n";
    for (String program : List.of("java", "javac")) {
      Path file = Files.writeString(bin.resolve(program), say);
      assertThat(file.toFile().setExecutable(true)).isTrue();
    }
    return jdk;
  }

  private Ran run(Path script, Map<String, String> environment, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("RATOON_JVMS", folder.resolve("jvms").toString());
    builder.environment().put("RATOON_NO_BUILD", "1");
    builder.environment().put("PATH", plainPath().toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ran(process.waitFor(), said);
  }

  /** A PATH with what the scripts use, and no JDK. */
  private Path plainPath() throws IOException {
    Path bin = Files.createDirectories(folder.resolve("plain"));
    for (String tool : List.of("readlink", "cat")) {
      if (!Files.exists(bin.resolve(tool))) {
        Files.createSymbolicLink(bin.resolve(tool), Path.of("/usr/bin", tool));
      }
    }
    return bin;
  }
}
