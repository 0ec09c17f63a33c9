package dev.ratoon.protocol.api;

import dev.ratoon.model.ImageRef;

/**
 * An image to be made of a disk of a VM, as it is at that moment.
 *
 * @param disk which of its disks, counted from 0
 * @param quiesce whether the guest's agent, if there is one, is asked to bring its file systems to
 *     rest for that moment
 */
public record ImageFromVmRequest(ImageRef image, int disk, boolean quiesce) {}
