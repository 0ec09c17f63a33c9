package dev.ratoon.disk;

import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Vhd.Sizing;
import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * A process that writes to a disk until it is killed: two threads, each to its half, everything by
 * a plan that whoever kills it knows. After each flush it prints the half and the step.
 *
 * <p>Arguments: the file (made if it does not exist), which of {@link #KINDS}, and a seed.
 */
public final class KilledWriter {
  /** What is killed while it writes; another format joins with a line. */
  static final List<Kind> KINDS =
      List.of(
          Kind.alone(CreateOptions.Qcow2.STANDARD),
          Kind.alone(CreateOptions.Qcow2.SUBCLUSTERS),
          Kind.alone(new CreateOptions.Qcow2(512, false, false)),
          Kind.alone(new CreateOptions.Qcow2(4096, false, true)),
          Kind.alone(CreateOptions.Vhd.STANDARD),
          Kind.alone(new CreateOptions.Vhd(Allocation.DYNAMIC, 1 << 19, Sizing.EXACT)),
          Kind.alone(CreateOptions.Vhdx.STANDARD),
          Kind.alone(new CreateOptions.Vhdx(Allocation.DYNAMIC, 1 << 20, 512)),
          Kind.alone(new CreateOptions.Raw()),
          Kind.child(CreateOptions.Qcow2.STANDARD, new CreateOptions.Raw()),
          Kind.child(CreateOptions.Qcow2.SUBCLUSTERS, CreateOptions.Qcow2.STANDARD),
          Kind.child(CreateOptions.Vhd.STANDARD, CreateOptions.Vhd.STANDARD),
          Kind.child(
              new CreateOptions.Vhdx(Allocation.DYNAMIC, 1 << 20, 512),
              CreateOptions.Vhdx.STANDARD));

  /**
   * @param parent how its parent is stored; a child names it FILE.parent
   */
  record Kind(CreateOptions options, Optional<CreateOptions> parent) {
    static Kind alone(CreateOptions options) {
      return new Kind(options, Optional.empty());
    }

    static Kind child(CreateOptions options, CreateOptions parent) {
      return new Kind(options, Optional.of(parent));
    }

    /** Makes the parent of {@code file}, if it has one: a sector of three is stored there. */
    void makeParent(Path file) {
      if (parent.isPresent()) {
        try (WritableDisk disk =
            VirtualDisks.create(parentOf(file), SIZE, Optional.empty(), parent.get())) {
          for (int sector = 0; sector < 2 * HALF_SECTORS; sector += PARENT_STRIDE) {
            disk.write((long) sector * SECTOR, ByteBuffer.wrap(content(PARENT_TAG, sector)));
          }
        }
      }
    }

    /** What a sector has before anything was written to the disk. */
    long firstTag(int sector) {
      return parent.isPresent() && sector % PARENT_STRIDE == 0 ? PARENT_TAG : 0;
    }

    private WritableDisk create(Path file) {
      return VirtualDisks.create(file, SIZE, parent.map(how -> opened(file, how)), options);
    }

    private static VirtualDisks.Parent opened(Path file, CreateOptions how) {
      VirtualDisk disk = VirtualDisks.open(parentOf(file), how.format(), RULES);
      return new VirtualDisks.Parent(
          disk, new Backing(parentOf(file), how.format(), disk.top().nativeId(), Optional.empty()));
    }
  }

  static final OpenRules.Chain RULES = OpenRules.chain(2);

  private static final int PARENT_STRIDE = 3;
  private static final long PARENT_TAG = 7;

  static Path parentOf(Path file) {
    return file.resolveSibling(file.getFileName() + ".parent");
  }

  static final int SECTOR = 512;

  /** The halves are odd, so that they meet within a block of every format. */
  static final int HALF_SECTORS = (3 << 20) / SECTOR + 5;

  static final long SIZE = 2L * HALF_SECTORS * SECTOR;

  private static final int MOST_STEPS = 20_000;

  private KilledWriter() {}

  /** What a step does. */
  enum Deed {
    WRITE,
    ZERO,
    FLUSH
  }

  /**
   * A step of the plan.
   *
   * @param first the first sector
   * @param tag what the sectors are filled with; see {@link #content}
   */
  record Step(Deed deed, int first, int sectors, long tag) {

    /** The step of a half that is {@code number}-th in a process with this seed. */
    static Step of(long seed, int half, int number) {
      long tag = (seed << 32 | (long) number << 1 | half) + 1;
      Random random = new Random(tag * 0x9e3779b97f4a7c15L);
      int length = 1 + random.nextInt(1 << random.nextInt(1, 9));
      int sectors = Math.min(length, HALF_SECTORS);
      int first = random.nextInt(HALF_SECTORS - sectors + 1);
      if (random.nextBoolean()) {
        first = first / sectors * sectors;
      }
      Deed deed =
          switch (random.nextInt(8)) {
            case 0 -> Deed.FLUSH;
            case 1, 2 -> Deed.ZERO;
            default -> Deed.WRITE;
          };
      return new Step(deed, half * HALF_SECTORS + first, sectors, deed == Deed.ZERO ? 0 : tag);
    }
  }

  /** The content of a sector that was written with {@code tag}; 0 stands for zeros. */
  static byte[] content(long tag, int sector) {
    ByteBuffer content = ByteBuffer.allocate(SECTOR);
    // Every fourth packs well.
    long step = tag % 4 == 0 ? 0 : 0x9e3779b97f4a7c15L;
    for (long word = tag + ((long) sector << 40);
        tag != 0 && content.hasRemaining();
        word += step) {
      content.putLong(word);
    }
    return content.array();
  }

  public static void main(String[] arguments) throws Exception {
    Path file = Path.of(arguments[0]);
    Kind kind = KINDS.get(Integer.parseInt(arguments[1]));
    long seed = Long.parseLong(arguments[2]);
    try (WritableDisk disk =
        Files.exists(file)
            ? VirtualDisks.openWritable(file, kind.options().format(), RULES)
            : kind.create(file)) {
      Thread other = Thread.ofPlatform().start(() -> write(disk, seed, 1));
      write(disk, seed, 0);
      other.join();
    }
  }

  private static void write(WritableDisk disk, long seed, int half) {
    for (int number = 0; number < MOST_STEPS; number++) {
      Step step = Step.of(seed, half, number);
      long offset = (long) step.first() * SECTOR;
      switch (step.deed()) {
        case WRITE -> {
          ByteBuffer content = ByteBuffer.allocate(step.sectors() * SECTOR);
          for (int i = 0; i < step.sectors(); i++) {
            content.put(content(step.tag(), step.first() + i));
          }
          disk.write(offset, content.flip());
        }
        case ZERO -> disk.zero(offset, (long) step.sectors() * SECTOR);
        case FLUSH -> {
          disk.flush();
          System.out.println(half + " " + number);
        }
      }
    }
  }
}
