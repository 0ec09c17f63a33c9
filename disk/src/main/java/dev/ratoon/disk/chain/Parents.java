package dev.ratoon.disk.chain;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.ParentWitness.Found;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.scan.DiskScan;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds and opens the parents of a disk, one after the other. A parent is used only if it is what
 * its child says it is, by its native id and by its content; one that is not is refused by name.
 */
final class Parents {
  private final OpenRules.Chain rules;
  private final List<Layer> layers = new ArrayList<>();
  private final Set<Path> seen = new HashSet<>();

  private Parents(OpenRules.Chain rules) {
    this.rules = rules;
  }

  /** {@code top} and all its parents; closes them all on failure. */
  static List<Layer> complete(Layer top, OpenRules rules) {
    try {
      return switch (rules) {
        case OpenRules.Foreign _ -> alone(top);
        case OpenRules.Chain chain -> new Parents(chain).followed(top);
      };
    } catch (RuntimeException | Error e) {
      top.close();
      throw e;
    }
  }

  private static List<Layer> alone(Layer top) {
    top.parent()
        .ifPresent(link -> {
          throw Faults.refersOutside(
              top.file(),
              "It is a difference to another file, '" + link.recorded() + "'.",
              "Merge it with its parents first: ratoon disk flatten OLD NEW.");
        });
    return List.of(top);
  }

  /** {@code top} and those of its parents that can be opened, and why the next one cannot be. */
  static PartialChain asFarAsFound(Layer top, OpenRules.Chain rules) {
    Parents parents = new Parents(rules);
    try {
      parents.follow(top);
    } catch (RatoonException e) {
      return new PartialChain(List.copyOf(parents.layers), Optional.of(e.problem()));
    }
    return parents.asFarAsRight();
  }

  private PartialChain asFarAsRight() {
    try {
      Optional<WrongParent> wrong = wrongParent();
      int right = wrong.map(found -> found.depth()).orElse(layers.size());
      LayeredDisk.closeAll(layers.subList(right, layers.size()));
      return new PartialChain(
          List.copyOf(layers.subList(0, right)), wrong.map(found -> found.refusal().problem()));
    } catch (RatoonException e) {
      return new PartialChain(List.copyOf(layers), Optional.of(e.problem()));
    }
  }

  private List<Layer> followed(Layer top) {
    try {
      follow(top);
      Optional<WrongParent> wrong = wrongParent();
      if (wrong.isPresent()) {
        throw wrong.get().refusal();
      }
      return layers;
    } catch (RuntimeException | Error e) {
      LayeredDisk.closeAll(layers.subList(1, layers.size()));
      throw e;
    }
  }

  private void follow(Layer top) {
    layers.add(top);
    Layer child = top;
    for (Optional<ParentLink> link = top.parent(); link.isPresent(); link = child.parent()) {
      seen.add(real(child.file()));
      child = parentOf(child, link.get());
      layers.add(child);
    }
  }

  /**
   * A parent that has another content than its child records.
   *
   * @param depth its place in the chain
   */
  private record WrongParent(int depth, RatoonException refusal) {}

  /**
   * The first one that is wrong. Only the topmost record counts: what it speaks of is what the
   * whole chain below it reads as.
   */
  private Optional<WrongParent> wrongParent() {
    for (int depth = 0; depth < layers.size() - 1; depth++) {
      Optional<DiskId> recorded = layers.get(depth).parent().flatMap(ParentLink::diskId);
      if (recorded.isPresent()) {
        VirtualDisk parent = new LayeredDisk(layers.subList(depth + 1, layers.size()));
        int wrong = depth + 1;
        return rules
            .witness()
            .orElse(Parents::contradiction)
            .contradiction(parent, recorded.get())
            .map(found -> new WrongParent(wrong, refusal(wrong, recorded.get(), found)));
      }
    }
    return Optional.empty();
  }

  /** What reading says. */
  private static Optional<DiskId> contradiction(VirtualDisk parent, DiskId recorded) {
    int threads = Math.min(Runtime.getRuntime().availableProcessors(), DiskScan.MOST_THREADS);
    DiskId found = Manifests.of(parent, threads, Progress.NONE).id();
    return found.equals(recorded) ? Optional.empty() : Optional.of(found);
  }

  private RatoonException refusal(int depth, DiskId recorded, DiskId found) {
    return Faults.parentDiffers(
        layers.get(depth - 1).file(), layers.get(depth).file(), recorded, found);
  }

  private Layer parentOf(Layer child, ParentLink link) {
    if (layers.size() >= rules.maxFiles()) {
      throw Faults.unsupported(
          child.file(),
          "Its chain has more than " + rules.maxFiles() + " files.",
          "Flatten it: ratoon disk flatten OLD NEW.");
    }
    boolean lost = link.candidates().stream().noneMatch(Files::exists);
    Optional<Found> named = lost ? byNativeId(link) : Optional.of(recorded(child, link));
    // What the witness has found is right by its content, whatever it says of itself.
    Optional<Found> proven = named.isPresent() ? Optional.empty() : byDiskId(link);
    Found found = named.or(() -> proven).orElseGet(() -> recorded(child, link));
    if (!isNew(found)) {
      throw Faults.corrupt(child.file(), "It is its own parent, directly or through others.");
    }
    Layer parent = VirtualDisks.layer(found.file(), found.format(), rules);
    try {
      if (proven.isEmpty()) {
        requireRight(child, link, parent);
      }
      return parent;
    } catch (RuntimeException | Error e) {
      parent.close();
      throw e;
    }
  }

  /** Refuses a file that is not what the child says of its parent. */
  private static void requireRight(Layer child, ParentLink link, Layer parent) {
    Optional<NativeId> found = parent.nativeId();
    boolean right =
        link.nativeId().isEmpty()
            || Stream.concat(link.nativeId().stream(), link.otherNativeId().stream())
                .anyMatch(wanted -> found.filter(wanted::means).isPresent());
    if (!right) {
      throw Faults.parentMismatch(
          child.file(),
          parent.file(),
          "The parent has the id %s, this file has %s: it was changed, or it is another disk."
              .formatted(link.nativeId().get(), found.map(NativeId::toString).orElse("none")));
    }
  }

  /** Where a file lies that says of itself that it is the parent. */
  private Optional<Found> byNativeId(ParentLink link) {
    return link.nativeId()
        .flatMap(
            id -> FolderSearch.withNativeId(rules.folders(), id).filter(this::isNew).findFirst());
  }

  /** Where a disk lies that has the parent's content. */
  private Optional<Found> byDiskId(ParentLink link) {
    return link.diskId()
        .flatMap(id -> rules.witness().flatMap(witness -> witness.find(id)))
        .filter(this::isNew);
  }

  private boolean isNew(Found found) {
    return !seen.contains(real(found.file()));
  }

  private static Found recorded(Layer child, ParentLink link) {
    if (link.candidates().isEmpty()) {
      throw Faults.unsupported(
          child.file(),
          "Its parent is recorded as '" + link.recorded() + "', which is not the name of a file.",
          "Record the parent as a path: ratoon disk rebase.");
    }
    return link.candidates().stream()
        .filter(Files::exists)
        .findFirst()
        .map(file -> new Found(file, format(child, link)))
        .orElseThrow(() ->
            Faults.parentMissing(
                child.file(),
                "Its parent is recorded as '%s', and nothing lies at %s."
                    .formatted(
                        link.recorded(),
                        link.candidates().stream()
                            .map(Path::toString)
                            .collect(Collectors.joining(", ")))));
  }

  private static DiskFormat format(Layer child, ParentLink link) {
    return link.format()
        .orElseThrow(() ->
            Faults.unsupported(
                child.file(),
                "The format of its parent is not recorded, or not one that can be a parent.",
                "Record raw or qcow2: qemu-img rebase -u -b PATH -F FORMAT FILE."));
  }

  private static Path real(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException e) {
      throw Faults.unreadable(file, e);
    }
  }
}
