package dev.ratoon.disk.manifest;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The encoding is that of docs/formats/manifest.md, and the only one. */
class ManifestTest {
  private static final long TIB = 1L << 40;

  @TempDir Path folder;

  @Test
  void theEncodingIsThatOfTheSpecification() throws Exception {
    byte[] content = new byte[3 * 65536 + 512];
    content[65536] = 1;
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    byte[] digest = sha.digest(Arrays.copyOfRange(content, 65536, 131072));
    ByteBuffer expected = ByteBuffer.allocate(20 + 4 + 4 + 32 + 4);
    expected.put(new byte[] {'R', 'T', 'N', 'M', 'A', 'N', 'I', 1}).putInt(65536);
    expected.putLong(content.length).putInt(1).putInt(0x8000_0001).put(digest).putInt(2);

    Manifest manifest = DiskAssert.manifest(content);

    byte[] id = sha.digest(expected.array());
    assertThat(manifest.id().hex()).isEqualTo(HexFormat.of().formatHex(id));
    byte[] encoded = encode(manifest);
    assertThat(Arrays.copyOf(encoded, encoded.length - 32)).isEqualTo(expected.array());
    assertThat(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length)).isEqualTo(id);
  }

  @Test
  void chunksCanBeLookedUp() {
    byte[] content = Contents.mixed(1, Contents.SIZE);
    Manifest manifest = DiskAssert.manifest(content);
    int data = 0;
    for (int chunk = 0; chunk < manifest.chunks(); chunk++) {
      int at = chunk * Manifest.CHUNK_BYTES;
      byte[] bytes = Arrays.copyOfRange(content, at, at + manifest.chunkBytes(chunk));
      byte[] digest = Digests.sha256().digest(bytes);
      boolean zero = Arrays.equals(bytes, new byte[bytes.length]);
      data += zero ? 0 : 1;
      assertThat(manifest.isZero(chunk)).isEqualTo(zero);
      assertThat(manifest.matches(chunk, digest)).isEqualTo(!zero);
      if (!zero) {
        assertThat(manifest.sha256(chunk)).isEqualTo(digest);
      }
    }
    assertThat(manifest.dataChunks()).isEqualTo(data);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void whatIsWrittenIsReadBack(long size) throws Exception {
    Random random = new Random(size);
    ManifestBuilder builder = new ManifestBuilder(size);
    for (int i = random.nextInt(40); i > 0; i--) {
      long chunk = random.nextLong(Manifest.chunks(size));
      for (int run = random.nextInt(3); run >= 0 && chunk + run < Manifest.chunks(size); run--) {
        byte[] digest = new byte[32];
        random.nextBytes(digest);
        builder.put(chunk + run, digest);
      }
    }
    Manifest manifest = builder.build();

    Manifest read = Manifest.read(new ByteArrayInputStream(encode(manifest)), "test");

    assertThat(read).isEqualTo(manifest);
    assertThat(read.dataChunks()).isEqualTo(manifest.dataChunks());
    assertThat(read.size()).isEqualTo(size);
  }

  /** The smallest, the largest, and any size between, whatever its order of magnitude. */
  static LongStream sizes() {
    Random random = new Random(71);
    return LongStream.concat(
        LongStream.of(1, 512, Manifest.CHUNK_BYTES, 64 * TIB),
        LongStream.generate(() -> 1 + random.nextLong(1L << (1 + random.nextInt(46)))).limit(30));
  }

  @Test
  void everyAlterationIsNoticed() {
    byte[] encoded = encode(DiskAssert.manifest(Contents.mixed(5, 2 << 20)));
    Random random = new Random(72);
    for (int i = 0; i < 400; i++) {
      byte[] altered = encoded.clone();
      altered[random.nextInt(altered.length)] ^= (byte) (1 << random.nextInt(8));
      assertThat(refusal(altered)).isIn(ErrorCode.IMAGE_CORRUPT, ErrorCode.IMAGE_TRUNCATED);
    }
  }

  @Test
  void everyCutIsNoticedAndSoIsEveryAddition() {
    byte[] encoded = encode(DiskAssert.manifest(Contents.mixed(5, 1 << 20)));
    for (int length = 0; length < encoded.length; length++) {
      assertThat(refusal(Arrays.copyOf(encoded, length))).isEqualTo(ErrorCode.IMAGE_TRUNCATED);
    }
    assertThat(refusal(Arrays.copyOf(encoded, encoded.length + 1)))
        .isEqualTo(ErrorCode.IMAGE_CORRUPT);
  }

  @Test
  void otherEncodingsOfTheSameContentAreRefused() {
    byte[] zeros = Digests.ofZeros(Manifest.CHUNK_BYTES);
    ByteBuffer twoRuns = start(2 * Manifest.CHUNK_BYTES).putInt(1).putInt(1);
    assertThat(refusal(signed(twoRuns))).isEqualTo(ErrorCode.IMAGE_CORRUPT);
    ByteBuffer zeroAsData = start(Manifest.CHUNK_BYTES).putInt(0x8000_0001).put(zeros);
    assertThat(refusal(signed(zeroAsData))).isEqualTo(ErrorCode.IMAGE_CORRUPT);
    ByteBuffer blank = start(Manifest.CHUNK_BYTES).putInt(0x8000_0001).put(new byte[32]);
    assertThat(refusal(signed(blank))).isEqualTo(ErrorCode.IMAGE_CORRUPT);
    ByteBuffer emptyRun = start(Manifest.CHUNK_BYTES).putInt(0x8000_0000).putInt(1);
    assertThat(refusal(signed(emptyRun))).isEqualTo(ErrorCode.IMAGE_CORRUPT);
    ByteBuffer tooMuch = start(Manifest.CHUNK_BYTES).putInt(2);
    assertThat(refusal(signed(tooMuch))).isEqualTo(ErrorCode.IMAGE_CORRUPT);
    ByteBuffer sound = start(Manifest.CHUNK_BYTES).putInt(1);
    assertThat(refusal(signed(sound))).isNull();
  }

  @Test
  @Timeout(10)
  void anAnnouncedGiantTakesNoMemory() {
    ByteBuffer giant = start(64 * TIB).putInt(0x8000_0000 | 1 << 30);
    assertThat(refusal(signed(giant))).isEqualTo(ErrorCode.IMAGE_TRUNCATED);
  }

  @Test
  void filesKeepManifests() {
    Manifest manifest = DiskAssert.manifest(Contents.mixed(8, 1 << 20));
    Path file = folder.resolve("manifest");
    manifest.write(file);
    assertThat(Manifest.read(file)).isEqualTo(manifest);
    assertRefused(ErrorCode.NAME_TAKEN, () -> manifest.write(file));
    assertRefused(ErrorCode.FILE_UNREADABLE, () -> Manifest.read(folder.resolve("none")));
  }

  @Test
  void sizeIsPartOfTheIdentity() {
    assertThat(DiskAssert.manifest(new byte[512]))
        .isNotEqualTo(DiskAssert.manifest(new byte[1024]));
  }

  private static ByteBuffer start(long size) {
    return ByteBuffer.allocate(200).putLong(ManifestCodec.MAGIC).putInt(65536).putLong(size);
  }

  private static byte[] signed(ByteBuffer encoding) {
    byte[] body = new byte[encoding.position()];
    encoding.get(0, body);
    byte[] whole = Arrays.copyOf(body, body.length + 32);
    System.arraycopy(Digests.sha256().digest(body), 0, whole, body.length, 32);
    return whole;
  }

  private static @Nullable ErrorCode refusal(byte[] encoded) {
    try {
      Manifest.read(new ByteArrayInputStream(encoded), "test");
      return null;
    } catch (RatoonException e) {
      return e.problem().code();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] encode(Manifest manifest) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      manifest.write(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
