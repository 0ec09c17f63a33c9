package dev.ratoon.protocol.api;

import java.util.List;

/**
 * Why a VM's host was chosen, as it was then.
 *
 * @param stars that the host had, of five
 * @param seconds until the VM was expected to run there
 * @param bytesToMove that had to come
 */
public record PlacedView(double stars, double seconds, long bytesToMove, List<String> reasons) {
  public PlacedView {
    reasons = List.copyOf(reasons);
  }
}
