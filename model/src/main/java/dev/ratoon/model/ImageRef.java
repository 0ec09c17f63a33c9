package dev.ratoon.model;

/**
 * How a user names an image: {@code debian:12}, or {@code debian} for {@code debian:latest}.
 *
 * @param name the image's name
 * @param tag its variant or version
 */
public record ImageRef(EntityName name, EntityName tag) implements Comparable<ImageRef> {
  public static final String DEFAULT_TAG = "latest";

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if a part is not a name
   */
  public static ImageRef parse(String text) {
    int colon = text.indexOf(':');
    return colon < 0
        ? new ImageRef(new EntityName(text), new EntityName(DEFAULT_TAG))
        : new ImageRef(
            new EntityName(text.substring(0, colon)), new EntityName(text.substring(colon + 1)));
  }

  @Override
  public int compareTo(ImageRef other) {
    int byName = name.compareTo(other.name);
    return byName != 0 ? byName : tag.compareTo(other.tag);
  }

  @Override
  public String toString() {
    return name + ":" + tag;
  }
}
