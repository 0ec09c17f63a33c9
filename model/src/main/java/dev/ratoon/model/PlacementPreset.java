package dev.ratoon.model;

/** Weights of placement, for a purpose. */
public enum PlacementPreset {
  /** Fill hosts before others are begun, so that whole hosts stay free or can be switched off. */
  PACK,
  /** Start soon, and keep hosts about equally full. */
  BALANCE,
  /** Start as soon as can be; fullness only decides between hosts that are equally fast. */
  FASTEST_START;

  public PlacementWeights weights() {
    return switch (this) {
      case PACK -> new PlacementWeights(1, -10, -2, 0, 0);
      case BALANCE -> new PlacementWeights(1, 2, 1, 1, 0.02);
      case FASTEST_START -> new PlacementWeights(1, 0.02, 0.01, 0.01, 0);
    };
  }
}
