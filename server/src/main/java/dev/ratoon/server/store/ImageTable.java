package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.ImageRef;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/** The images of each tenant. */
public final class ImageTable {

  /** An image; its parts mean what they mean in the API's view of it. */
  public record ImageRow(
      String tenant,
      ImageRef image,
      DiskId diskId,
      long sizeBytes,
      long storedBytes,
      String sourceFormat,
      Firmware firmware,
      long minimumMemoryBytes,
      boolean differencing,
      Instant createdAt) {}

  private final Handle handle;
  private final boolean shared;

  ImageTable(Handle handle, boolean shared) {
    this.handle = handle;
    this.shared = shared;
  }

  public void add(ImageRow image) {
    handle
        .createUpdate(
            """
            insert into image (tenant, name, tag, disk_id, size_bytes, stored_bytes,
              source_format, firmware, minimum_memory_bytes, differencing, created_at)
            values (:tenant, :name, :tag, :disk, :size, :stored,
              :format, :firmware, :memory, :differencing, :created)\
            """)
        .bind("tenant", image.tenant())
        .bind("name", image.image().name().text())
        .bind("tag", image.image().tag().text())
        .bind("disk", image.diskId().hex())
        .bind("size", image.sizeBytes())
        .bind("stored", image.storedBytes())
        .bind("format", image.sourceFormat())
        .bind("firmware", image.firmware().name())
        .bind("memory", image.minimumMemoryBytes())
        .bind("differencing", image.differencing())
        .bind("created", image.createdAt().toEpochMilli())
        .execute();
  }

  public Optional<ImageRow> find(String tenant, ImageRef image) {
    return handle
        .createQuery("select * from image where tenant = :tenant and name = :name and tag = :tag")
        .bind("tenant", tenant)
        .bind("name", image.name().text())
        .bind("tag", image.tag().text())
        .map((row, context) -> read(row))
        .findOne();
  }

  /** Those of these images that there are; nobody removes one until this transaction has ended. */
  public Map<ImageRef, ImageRow> keep(String tenant, Set<ImageRef> images) {
    Map<ImageRef, ImageRow> kept = new HashMap<>();
    for (List<String> names : InList.pieces(images.stream().map(ImageRef::name).toList())) {
      handle
          .createQuery(
              "select * from image where tenant = :tenant and name in (<names>)"
                  + (shared ? " order by name, tag for share" : ""))
          .bind("tenant", tenant)
          .bindList("names", names)
          .map((row, context) -> read(row))
          .forEach(row -> kept.put(row.image(), row));
    }
    kept.keySet().retainAll(images);
    return kept;
  }

  /** Waits for all who just use this image for something new. */
  public void lock(String tenant, ImageRef image) {
    if (shared) {
      handle
          .createQuery(
              """
              select 1 from image
              where tenant = :tenant and name = :name and tag = :tag for update\
              """)
          .bind("tenant", tenant)
          .bind("name", image.name().text())
          .bind("tag", image.tag().text())
          .mapTo(Integer.class)
          .list();
    }
  }

  public List<ImageRow> all(String tenant) {
    return handle
        .createQuery("select * from image where tenant = :tenant order by name, tag")
        .bind("tenant", tenant)
        .map((row, context) -> read(row))
        .list();
  }

  /** Those of all tenants. */
  public List<ImageRow> all() {
    return handle
        .createQuery("select * from image order by name, tag, tenant")
        .map((row, context) -> read(row))
        .list();
  }

  public void remove(String tenant, ImageRef image) {
    handle
        .createUpdate("delete from image where tenant = :tenant and name = :name and tag = :tag")
        .bind("tenant", tenant)
        .bind("name", image.name().text())
        .bind("tag", image.tag().text())
        .execute();
  }

  private static ImageRow read(ResultSet row) throws SQLException {
    return new ImageRow(
        row.getString("tenant"),
        new ImageRef(new EntityName(row.getString("name")), new EntityName(row.getString("tag"))),
        new DiskId(row.getString("disk_id")),
        row.getLong("size_bytes"),
        row.getLong("stored_bytes"),
        row.getString("source_format"),
        Firmware.valueOf(row.getString("firmware")),
        row.getLong("minimum_memory_bytes"),
        row.getBoolean("differencing"),
        Column.instant(row, "created_at"));
  }
}
