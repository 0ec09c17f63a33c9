package dev.ratoon.server.library;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.Transaction;
import java.util.List;

/** The images: names for base disks. */
public final class Images {
  private final Database database;

  public Images(Database database) {
    this.database = database;
  }

  public List<ImageView> list(String tenant) {
    return database.read(
        tx -> tx.images().all(tenant).stream().map(image -> view(tx, image)).toList());
  }

  public ImageView show(String tenant, ImageRef image) {
    return database.read(tx -> view(tx, find(tx, tenant, image)));
  }

  /**
   * Removes the name; the base disk stays in the caches. With the last name of a base it is no
   * longer wanted on any host.
   *
   * @return the image as it was
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#IN_USE} if it is the last name of a
   *     base disk on which a VM stands, or one in the trash
   */
  public ImageView delete(String tenant, ImageRef ref) {
    return database.write(tx -> {
      tx.lockFleet();
      tx.images().lock(tenant, ref);
      ImageView image = view(tx, find(tx, tenant, ref));
      boolean lastName = isLastName(tx, tenant, image);
      if (!image.usedBy().isEmpty() && lastName) {
        throw Problem.of(ErrorCode.IN_USE, "deleting the image " + ref)
            .detail("VMs stand on it: " + some(image.usedBy()) + ".")
            .next("Delete them first. Those in the trash count until it lets go of them.")
            .asException();
      }
      tx.images().remove(tenant, ref);
      if (lastName) {
        tx.baseWishes().forget(tenant, image.diskId());
      }
      return image;
    });
  }

  private static boolean isLastName(Transaction tx, String tenant, ImageView image) {
    return tx.images().all(tenant).stream()
        .noneMatch(
            other -> other.diskId().equals(image.diskId()) && !other.image().equals(image.image()));
  }

  private static ImageRow find(Transaction tx, String tenant, ImageRef image) {
    return tx.images()
        .find(tenant, image)
        .orElseThrow(() ->
            Problem.of(ErrorCode.NOT_FOUND, "finding the image " + image)
                .next("'ratoon image list' shows those that exist.")
                .asException());
  }

  private static ImageView view(Transaction tx, ImageRow image) {
    return new ImageView(
        image.image(),
        image.diskId(),
        image.sizeBytes(),
        image.storedBytes(),
        image.sourceFormat(),
        image.firmware(),
        image.minimumMemoryBytes(),
        image.differencing(),
        image.createdAt(),
        tx.vms().namesOnBase(image.tenant(), image.diskId()));
  }

  private static String some(List<String> names) {
    int shown = 20;
    String first = String.join(", ", names.subList(0, Math.min(shown, names.size())));
    return names.size() <= shown ? first : first + " and " + (names.size() - shown) + " more";
  }
}
