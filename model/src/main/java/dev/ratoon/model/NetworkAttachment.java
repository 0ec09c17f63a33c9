package dev.ratoon.model;

/** What a VM's network card is plugged into. */
public sealed interface NetworkAttachment {

  /**
   * QEMU's own user-mode network: the guest reaches out; only its SSH port is reachable, from the
   * host itself.
   */
  record User() implements NetworkAttachment {}

  /** A libvirt network of this name, which must exist on the host. */
  record Network(String name) implements NetworkAttachment {
    public Network {
      name = checked(name, "network");
    }
  }

  /** A bridge of the host. */
  record Bridge(String name) implements NetworkAttachment {
    public Bridge {
      name = checked(name, "bridge");
    }
  }

  /**
   * Reads {@code user}, {@code network=NAME} or {@code bridge=NAME}.
   *
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if it is none of them
   */
  static NetworkAttachment parse(String text) {
    if (text.equals("user")) {
      return new User();
    }
    if (text.startsWith("network=")) {
      return new Network(text.substring("network=".length()));
    }
    if (text.startsWith("bridge=")) {
      return new Bridge(text.substring("bridge=".length()));
    }
    throw Problem.of(ErrorCode.INVALID_VALUE, "reading the network '" + text + "'")
        .next("Write user, network=NAME or bridge=NAME.")
        .asException();
  }

  /** The same form that {@link #parse} reads. */
  default String show() {
    return switch (this) {
      case User() -> "user";
      case Network(String name) -> "network=" + name;
      case Bridge(String name) -> "bridge=" + name;
    };
  }

  private static String checked(String name, String kind) {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the " + kind + " name '" + name + "'")
          .next("A " + kind + " name has letters, digits, '_', '.' and '-' only.")
          .asException();
    }
    return name;
  }
}
