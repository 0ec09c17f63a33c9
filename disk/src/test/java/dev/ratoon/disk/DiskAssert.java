package dev.ratoon.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.ManifestBuilder;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.util.Arrays;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What has to hold for a disk whatever its format. */
public final class DiskAssert {
  private DiskAssert() {}

  /** Bytes, extents and identity of {@code disk} are those of {@code content}. */
  public static void assertHolds(VirtualDisk disk, byte[] content) {
    assertThat(disk.size()).isEqualTo(content.length);
    assertThat(Arrays.mismatch(Contents.read(disk), content)).as("first difference").isEqualTo(-1);
    assertExtentsFit(disk, content);
    assertThat(Manifests.of(disk, 2, Progress.NONE)).isEqualTo(manifest(content));
  }

  /** Extents cover the disk, alternate, and are zero where they say so. */
  public static void assertExtentsFit(VirtualDisk disk, byte[] content) {
    long at = 0;
    Kind previous = null;
    while (at < disk.size()) {
      Extent extent = disk.extentAt(at);
      assertThat(extent.offset()).isEqualTo(at);
      assertThat(extent.kind()).isNotEqualTo(previous);
      if (extent.kind() != Kind.DATA) {
        for (long i = at; i < extent.end(); i++) {
          assertThat(content[(int) i]).isZero();
        }
      }
      previous = extent.kind();
      at = extent.end();
    }
    assertThat(at).isEqualTo(disk.size());
  }

  /** The manifest by definition, chunk by chunk. */
  public static Manifest manifest(byte[] content) {
    ManifestBuilder builder = new ManifestBuilder(content.length);
    for (int chunk = 0; chunk * Manifest.CHUNK_BYTES < content.length; chunk++) {
      int at = chunk * Manifest.CHUNK_BYTES;
      int end = Math.min(content.length, at + Manifest.CHUNK_BYTES);
      builder.put(chunk, Digests.sha256().digest(Arrays.copyOfRange(content, at, end)));
    }
    return builder.build();
  }

  public static void assertRefused(ErrorCode code, ThrowingCallable call, String... words) {
    RatoonException refusal = catchThrowableOfType(RatoonException.class, call);
    assertThat(refusal).as("refusal").isNotNull();
    assertThat(refusal.problem().code()).as(refusal.getMessage()).isEqualTo(code);
    for (String word : words) {
      assertThat(refusal.problem().detail()).contains(word);
    }
  }
}
