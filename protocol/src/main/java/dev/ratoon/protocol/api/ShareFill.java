package dev.ratoon.protocol.api;

import dev.ratoon.model.ImageRef;

/** An image whose base disk is to be on a share. */
public record ShareFill(ImageRef image) {}
