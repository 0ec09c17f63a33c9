package dev.ratoon.model;

/** Weights of placement, for a purpose. */
public enum PlacementPreset {
  /** Fill hosts before others are begun, so that whole hosts stay free or can be switched off. */
  PACK(new PlacementWeights(1, -10, -2, 0, 0)),
  /** Start soon, and keep hosts about equally full. */
  BALANCE(new PlacementWeights(1, 2, 1, 1, 0.02)),
  /** Start as soon as can be; fullness only decides between hosts that are equally fast. */
  FASTEST_START(new PlacementWeights(1, 0.02, 0.01, 0.01, 0));

  private final PlacementWeights weights;

  PlacementPreset(PlacementWeights weights) {
    this.weights = weights;
  }

  public PlacementWeights weights() {
    return weights;
  }
}
