package dev.ratoon.agent.smb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ratoon.cache.share.ShareFiles;
import dev.ratoon.cache.share.SharedFile;
import dev.ratoon.protocol.agent.ShareCredentials;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real Samba server, which Debian's package samba has. */
class SmbFilesTest {
  @TempDir static Path work;
  private static PrivateSmbd smbd;

  @BeforeAll
  static void start() throws Exception {
    assumeThat(PrivateSmbd.isInstalled()).as("Debian's package samba is installed").isTrue();
    smbd = PrivateSmbd.start(work, "server smb encrypt = required");
  }

  @AfterAll
  static void stop() throws Exception {
    if (smbd != null) {
      smbd.close();
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void whatIsWrittenIsThere() throws IOException {
    try (ShareFiles files = smbd.files()) {
      files.makeFolder("incoming");
      files.makeFolder("incoming");
      byte[] content = bytes("content".repeat(100_000));
      try (ShareFiles.Writing writing = files.create("incoming/a.part")) {
        writing.write(1 << 20, ByteBuffer.wrap(content));
        writing.finish(3 << 20);
      }
      SharedFile file = files.look("incoming/a.part").orElseThrow();
      assertThat(file.sizeBytes()).isEqualTo(3 << 20);
      assertThat(file.storedBytes()).as("holes take no room").isLessThan(2 << 20);
      assertThat(files.list("incoming")).containsExactly(file);
      ByteBuffer read = ByteBuffer.allocate(content.length);
      try (ShareFiles.Reading reading = files.open("incoming/a.part")) {
        reading.read(1 << 20, read);
        assertThat(read.array()).isEqualTo(content);
        assertThatThrownBy(() -> reading.read(3 << 20, ByteBuffer.allocate(1)))
            .isInstanceOf(EOFException.class);
      }
      files.overwrite("incoming/a.part", bytes("x"));
      assertThat(files.look("incoming/a.part").orElseThrow().identity())
          .isNotEqualTo(file.identity());
      files.delete("incoming/a.part");
      files.delete("incoming/a.part");
      assertThat(files.look("incoming/a.part")).isEmpty();
      assertThat(files.freeBytes()).isPositive();
    }
  }

  @Test
  void aNameIsGivenOnce() throws IOException {
    try (ShareFiles files = smbd.files()) {
      files.createSmall("one.part", bytes("one"));
      files.createSmall("two.part", bytes("two"));
      assertThatThrownBy(() -> files.create("one.part"))
          .isInstanceOf(FileAlreadyExistsException.class);
      assertThat(files.publish("one.part", "published")).isTrue();
      assertThat(files.publish("two.part", "published")).isFalse();
      assertThat(files.small("published", 10)).isEqualTo(bytes("one"));
      assertThat(files.look("two.part")).isPresent();
      assertThat(Files.readString(smbd.folder.resolve("published"))).isEqualTo("one");
      assertThatThrownBy(() -> files.open("none")).isInstanceOf(NoSuchFileException.class);
      assertThatThrownBy(() -> files.overwrite("none", new byte[1]))
          .isInstanceOf(NoSuchFileException.class);
    }
  }

  @Test
  void aWrongPasswordIsSaidAndNotShown() throws IOException {
    ShareCredentials wrong = new ShareCredentials("", PrivateSmbd.user(), "wrong-w0rd");
    try (ShareFiles files = new SmbFiles(smbd.location(), wrong)) {
      assertThatThrownBy(() -> files.list(""))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("does not know the user")
          .hasMessageNotContaining("wrong-w0rd");
    }
  }

  @Test
  void aServerThatDoesNotEncryptIsNotUsed(@TempDir Path other) throws Exception {
    try (PrivateSmbd plain = PrivateSmbd.start(other, "server smb encrypt = off");
        ShareFiles files = plain.files()) {
      assertThatThrownBy(() -> files.list(""))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("it does not encrypt");
    }
  }

  @Test
  void anOlderDialectWillDo(@TempDir Path other) throws Exception {
    try (PrivateSmbd older = PrivateSmbd.start(other, "server max protocol = SMB3_02");
        ShareFiles files = older.files()) {
      assertThat(files.list("")).isEmpty();
    }
  }

  @Test
  void itConnectsAnewWhenTheServerWasStartedAgain(@TempDir Path other) throws Exception {
    try (PrivateSmbd smbd = PrivateSmbd.start(other);
        ShareFiles files = smbd.files()) {
      files.createSmall("a", bytes("a"));
      smbd.kill();
      assertThatThrownBy(() -> files.list("")).isInstanceOf(IOException.class);
      smbd.startAgain();
      assertThat(files.list("")).hasSize(1);
    }
  }
}
