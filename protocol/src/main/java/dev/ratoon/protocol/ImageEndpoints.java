package dev.ratoon.protocol;

import static dev.ratoon.protocol.EndpointRow.delete;
import static dev.ratoon.protocol.EndpointRow.get;
import static dev.ratoon.protocol.EndpointRow.post;
import static dev.ratoon.protocol.Permission.BASES_READ;
import static dev.ratoon.protocol.Permission.BASES_WRITE;
import static dev.ratoon.protocol.Permission.IMAGES_READ;
import static dev.ratoon.protocol.Permission.IMAGES_WRITE;

import dev.ratoon.protocol.Endpoint.Bytes;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PrecacheEnded;
import dev.ratoon.protocol.api.PrecacheRequest;
import dev.ratoon.protocol.api.VerifyRequest;
import java.util.List;
import java.util.Map;

/** Images, and the base disks behind them. */
public final class ImageEndpoints {
  public static final Endpoint<Bytes, OperationView> IMAGE_ADD =
      post("image-add", "/v1/images", IMAGES_WRITE)
          .query(
              Map.of(
                  "image", "Name, or name:tag.",
                  "file", "Name of the file, for messages.",
                  "firmware", "bios or uefi: what its VMs start with unless they ask otherwise.",
                  "memory", "Least memory of its VMs, in bytes.",
                  "differencing", "false: its VMs get whole copies unless they ask otherwise."))
          .takes(Bytes.class)
          .begins(
              "Imports the disk image in the body: its content is read, verified and kept as a base"
                  + " disk.");
  public static final Endpoint<NoBody, ImageView> IMAGE_LIST =
      get("image-list", "/v1/images", IMAGES_READ).answersAll(ImageView.class, "All images.");
  public static final Endpoint<NoBody, ImageView> IMAGE_SHOW =
      get("image-show", "/v1/images/{image}", IMAGES_READ).answers(ImageView.class, "One image.");
  public static final Endpoint<NoBody, ImageView> IMAGE_DELETE =
      delete("image-delete", "/v1/images/{image}", IMAGES_WRITE)
          .answers(
              ImageView.class,
              "Removes the name. The base disk stays in the cache; refused while a VM uses it.");
  public static final Endpoint<NoBody, BaseView> BASE_LIST =
      get("base-list", "/v1/bases", BASES_READ)
          .answersAll(BaseView.class, "All base disks, and who stands on each.");
  public static final Endpoint<PrecacheRequest, OperationView> BASE_PRECACHE =
      post("base-precache", "/v1/images/{image}/precache", BASES_WRITE)
          .takes(PrecacheRequest.class)
          .beginsAll(
              "Brings an image's base disk to hosts beforehand: one operation for each. Asking twice joins.");
  public static final Endpoint<PrecacheRequest, PrecacheEnded> BASE_PRECACHE_END =
      post("base-precache-end", "/v1/images/{image}/precache/end", BASES_WRITE)
          .takes(PrecacheRequest.class)
          .answers(
              PrecacheEnded.class,
              "Wants an image's base disk on hosts no longer. Nothing is removed; policies may take it from then on.");
  public static final Endpoint<VerifyRequest, OperationView> BASE_VERIFY =
      post("base-verify", "/v1/bases/verify", BASES_WRITE)
          .takes(VerifyRequest.class)
          .beginsAll(
              "Has base disks read again in full where they lie, and damaged ones mended: one operation for each base on each host.");

  private ImageEndpoints() {}

  /** Every row. */
  static List<Endpoint<?, ?>> all() {
    return List.of(
        IMAGE_ADD,
        IMAGE_LIST,
        IMAGE_SHOW,
        IMAGE_DELETE,
        BASE_LIST,
        BASE_PRECACHE,
        BASE_PRECACHE_END,
        BASE_VERIFY);
  }
}
