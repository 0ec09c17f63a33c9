package dev.ratoon.server.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.Endpoint.Bytes;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.server.library.Images;
import dev.ratoon.server.library.ImportRequest;
import dev.ratoon.server.library.Imports;

/** What the API does with images. */
final class ImageActions {
  private static final String IMAGE = "image";

  private ImageActions() {}

  static void add(Actions actions, Images images, Imports imports) {
    actions
        .on(
            ImageEndpoints.IMAGE_ADD,
            call ->
                new Answer.Value(imports.receive(request(call), new UploadBody(call.request()))))
        .on(ImageEndpoints.IMAGE_LIST, call -> new Answer.Value(images.list(call.tenant())))
        .on(
            ImageEndpoints.IMAGE_SHOW,
            call ->
                new Answer.Value(images.show(call.tenant(), ImageRef.parse(call.parameter(IMAGE)))))
        .on(
            ImageEndpoints.IMAGE_DELETE,
            call ->
                new Answer.Value(
                    images.delete(call.tenant(), ImageRef.parse(call.parameter(IMAGE)))));
  }

  private static ImportRequest request(Call<Bytes> call) {
    ImageRef image =
        call.query(IMAGE)
            .map(ImageRef::parse)
            .orElseThrow(() ->
                Problem.of(ErrorCode.INVALID_REQUEST, "reading the query")
                    .detail("The parameter 'image' is missing.")
                    .next("Name the image: ?image=NAME or ?image=NAME:TAG.")
                    .asException());
    return new ImportRequest(
        call.tenant(),
        image,
        call.query("file").orElse(image.toString()),
        call.query("firmware").map(ImageActions::firmware).orElse(Firmware.BIOS),
        call.number("memory", 0, Long.MAX_VALUE).orElse(0L),
        call.yesOrNo("differencing").orElse(true));
  }

  private static Firmware firmware(String text) {
    return switch (text) {
      case "bios" -> Firmware.BIOS;
      case "uefi" -> Firmware.UEFI;
      default ->
          throw Problem.of(ErrorCode.INVALID_REQUEST, "reading the query parameter 'firmware'")
              .detail("It is '" + text + "'.")
              .next("Write bios or uefi.")
              .asException();
    };
  }
}
