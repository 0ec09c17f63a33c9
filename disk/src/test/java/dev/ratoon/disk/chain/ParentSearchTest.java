package dev.ratoon.disk.chain;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.ParentWitness.Found;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.raw.RawLayer;
import dev.ratoon.disk.vmdk.VmdkFile;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A parent that is not where its child says is looked for by what it is. */
class ParentSearchTest {
  private static final NativeId CID = new NativeId.Vmdk(0x12345678);
  private static final DiskId DISK = new DiskId("ab".repeat(32));

  @TempDir Path root;
  private Path folder;
  private Path child;

  @BeforeEach
  void files() throws Exception {
    folder = Files.createDirectory(root.resolve("folder"));
    child = Contents.raw(root.resolve("child"), new byte[8192]);
  }

  private Path vmdk(String name, String cid) throws Exception {
    return VmdkFile.sparse(new byte[8192])
        .descriptor(VmdkFile.descriptor(cid, "ffffffff", "monolithicSparse", 16))
        .write(folder.resolve(name));
  }

  @Test
  void byItsNativeIdInTheFolders() throws Exception {
    vmdk("a.vmdk", "99999999");
    Path parent = vmdk("b.vmdk", "12345678");
    Files.writeString(folder.resolve("a.txt"), "text");
    Files.createDirectory(folder.resolve("sub"));
    List<Layer> layers =
        complete(Optional.of(CID), List.of(root.resolve("gone")), ParentWitness.TRUSTING, folder);
    assertThat(layers).extracting(Layer::file).containsExactly(child, parent);
    layers.forEach(Layer::close);
    complete(Optional.of(CID), List.of(), ParentWitness.TRUSTING, root.resolve("none"), folder)
        .forEach(Layer::close);
  }

  @Test
  void byTheFinderIfNoFolderHasIt() throws Exception {
    vmdk("a.vmdk", "99999999");
    Path parent = Contents.raw(root.resolve("parent"), new byte[8192]);
    ParentWitness finder =
        finder(id ->
            id.equals(DISK) ? Optional.of(new Found(parent, DiskFormat.RAW)) : Optional.empty());
    for (Optional<NativeId> id : List.of(Optional.of(CID), Optional.<NativeId>empty())) {
      List<Layer> layers = complete(id, List.of(root.resolve("gone")), finder, folder);
      assertThat(layers).extracting(Layer::file).containsExactly(child, parent);
      layers.forEach(Layer::close);
    }
  }

  @Test
  void notAtAllIfSomethingLiesWhereItShouldBe() throws Exception {
    vmdk("a.vmdk", "12345678");
    Path recorded = vmdk("recorded.vmdk", "12345678");
    List<Layer> layers =
        complete(
            Optional.of(CID),
            List.of(root.resolve("gone"), recorded),
            finder(_ -> {
              throw new AssertionError("asked");
            }),
            folder);
    assertThat(layers).extracting(Layer::file).containsExactly(child, recorded);
    layers.forEach(Layer::close);
  }

  @Test
  void neverTheChildItself() {
    ParentWitness itself = finder(_ -> Optional.of(new Found(child, DiskFormat.RAW)));
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> complete(Optional.empty(), List.of(), itself));
  }

  @Test
  void whoIsNotFoundIsMissed() {
    assertRefused(
        ErrorCode.IMAGE_UNSUPPORTED,
        () -> complete(Optional.of(CID), List.of(), ParentWitness.TRUSTING, folder));
  }

  @Test
  void aFolderWithTooManyFilesIsLookedThroughInPart() throws Exception {
    for (int i = 0; i < 20; i++) {
      Files.createFile(folder.resolve("f" + i));
    }
    List<Path> folders = List.of(folder, child, root.resolve("none"), folder);
    assertThat(FolderSearch.files(folders))
        .hasSize(40)
        .startsWith(folder.resolve("f0"), folder.resolve("f1"), folder.resolve("f10"));
    assertThat(FolderSearch.files(folders, 25)).hasSize(25);
    assertThat(FolderSearch.files(folders, 19)).hasSize(19).isSorted();
  }

  private static ParentWitness finder(Function<DiskId, Optional<Found>> finds) {
    return new ParentWitness() {
      @Override
      public Optional<DiskId> contradiction(VirtualDisk parent, DiskId recorded) {
        return Optional.empty();
      }

      @Override
      public Optional<Found> find(DiskId wanted) {
        return finds.apply(wanted);
      }
    };
  }

  private List<Layer> complete(
      Optional<NativeId> id, List<Path> candidates, ParentWitness finder, Path... folders) {
    ParentLink link =
        new ParentLink("parent", candidates, Optional.of(DiskFormat.VMDK), id, Optional.of(DISK));
    return Parents.complete(
        new Child(RawLayer.of(ImageFile.open(child)), link),
        OpenRules.chain(3, List.of(folders), finder));
  }

  private record Child(RawLayer raw, ParentLink link) implements Layer {
    @Override
    public Path file() {
      return raw.file();
    }

    @Override
    public DiskFormat format() {
      return DiskFormat.QCOW2;
    }

    @Override
    public String variant() {
      return "fake";
    }

    @Override
    public long size() {
      return raw.size();
    }

    @Override
    public Optional<ParentLink> parent() {
      return Optional.of(link);
    }

    @Override
    public Optional<NativeId> nativeId() {
      return Optional.empty();
    }

    @Override
    public Extent extentAt(long offset, long limit) {
      return raw.extentAt(offset, limit);
    }

    @Override
    public void read(long offset, ByteBuffer target) {
      raw.read(offset, target);
    }

    @Override
    public void close() {
      raw.close();
    }
  }
}
