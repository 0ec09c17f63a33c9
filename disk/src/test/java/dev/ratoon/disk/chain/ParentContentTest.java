package dev.ratoon.disk.chain;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A child that records what its parent holds is never read with another one below it. */
class ParentContentTest {
  private static final byte[] CONTENT = Contents.mixed(1, 300 * 512);
  private static final DiskId ID = DiskAssert.manifest(CONTENT).id();

  @TempDir Path root;
  private Path base;
  private Path middle;
  private Path child;

  @BeforeEach
  void chain() throws Exception {
    base = Contents.raw(root.resolve("base.raw"), CONTENT);
    middle = child("middle.qcow2", base, DiskFormat.RAW, Optional.of(ID));
    child = child("child.qcow2", middle, DiskFormat.QCOW2, Optional.of(ID));
  }

  private Path child(String name, Path parent, DiskFormat format, Optional<DiskId> id) {
    Path file = root.resolve(name);
    Qcow2Child.create(
        file,
        CONTENT.length,
        Optional.of(new Backing(parent, format, Optional.empty(), id)),
        CreateOptions.Qcow2.STANDARD,
        Durability.BUFFERED);
    return file;
  }

  private void change(Path file, DiskFormat format) {
    try (WritableDisk disk =
        VirtualDisks.openWritable(
            file, format, OpenRules.chain(4, List.of(), ParentWitness.TRUSTING))) {
      disk.write(70_000, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    }
  }

  @Test
  void theRightOneIsRead() {
    try (VirtualDisk disk = VirtualDisks.open(child, OpenRules.chain(4))) {
      assertThat(Contents.read(disk)).isEqualTo(CONTENT);
    }
  }

  @Test
  void oneThatWasChangedIsRefusedByName() {
    change(base, DiskFormat.RAW);
    assertRefused(
        ErrorCode.PARENT_MISMATCH,
        () -> VirtualDisks.open(middle, OpenRules.chain(4)),
        base.toString());
    // Of the whole chain, the topmost record speaks.
    assertRefused(
        ErrorCode.PARENT_MISMATCH,
        () -> VirtualDisks.open(child, OpenRules.chain(4)),
        middle.toString());
    assertRefused(
        ErrorCode.PARENT_MISMATCH,
        () -> VirtualDisks.openWritable(child, DiskFormat.QCOW2, OpenRules.chain(4)),
        ID.toString());
  }

  @Test
  void whatIsWrittenToAParentThatIsAChildItselfIsSeen() {
    change(middle, DiskFormat.QCOW2);
    assertRefused(ErrorCode.PARENT_MISMATCH, () -> VirtualDisks.open(child, OpenRules.chain(4)));
    VirtualDisks.open(middle, OpenRules.chain(4)).close();
  }

  @Test
  void aRecordFurtherDownCounts() {
    Path silent = child("silent.qcow2", middle, DiskFormat.QCOW2, Optional.empty());
    VirtualDisks.open(silent, OpenRules.chain(4)).close();
    change(base, DiskFormat.RAW);
    assertRefused(
        ErrorCode.PARENT_MISMATCH,
        () -> VirtualDisks.open(silent, OpenRules.chain(4)),
        base.toString());
  }

  @Test
  void whoKnowsIsAskedInPlaceOfReading() {
    List<String> asked = new ArrayList<>();
    DiskId other = new DiskId("ab".repeat(32));
    ParentWitness witness =
        (parent, recorded) -> {
          asked.add(parent.files() + " " + recorded);
          return Optional.of(other);
        };
    assertRefused(
        ErrorCode.PARENT_MISMATCH,
        () -> VirtualDisks.open(child, OpenRules.chain(4, List.of(), witness)),
        other.toString());
    assertThat(asked).containsExactly(List.of(middle, base) + " " + ID);
    change(base, DiskFormat.RAW);
    VirtualDisks.open(child, OpenRules.chain(4, List.of(), ParentWitness.TRUSTING)).close();
  }

  @Test
  void whatIsThereIsShownUpToTheWrongOne() {
    change(base, DiskFormat.RAW);
    try (PartialChain found =
        VirtualDisks.openWhatIsThere(child, DiskFormat.QCOW2, OpenRules.chain(4))) {
      assertThat(found.layers()).extracting(Layer::file).containsExactly(child);
      assertThat(found.problem().orElseThrow().code()).isEqualTo(ErrorCode.PARENT_MISMATCH);
    }
  }
}
