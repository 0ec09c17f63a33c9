package dev.ratoon.disk.chain;

import dev.ratoon.disk.Layer;
import dev.ratoon.model.Problem;
import java.io.Closeable;
import java.util.List;
import java.util.Optional;

/**
 * The files of a chain that can be opened.
 *
 * @param layers from the disk's own file on towards the root; at least one
 * @param problem why the parent of the last one could not be opened; empty if the chain is whole
 */
public record PartialChain(List<Layer> layers, Optional<Problem> problem) implements Closeable {

  @Override
  public void close() {
    LayeredDisk.closeAll(layers);
  }
}
