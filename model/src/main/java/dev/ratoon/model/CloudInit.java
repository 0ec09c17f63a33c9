package dev.ratoon.model;

import java.util.List;
import java.util.Optional;

/**
 * What a VM learns about itself at its first boot, through a NoCloud seed.
 *
 * @param sshKeys public keys that may log in, one line each
 * @param userData the user's own cloud-config or script; with it, {@code sshKeys} are merged as
 *     vendor data
 */
public record CloudInit(List<String> sshKeys, Optional<String> userData) {
  public static final CloudInit NONE = new CloudInit(List.of(), Optional.empty());
  private static final int MAX_USER_DATA = 256 * 1024;
  private static final int MAX_KEYS = 64;
  private static final int MAX_KEY = 16 * 1024;

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if a key is not one line, or something
   *     is too large
   */
  public CloudInit {
    sshKeys = List.copyOf(sshKeys);
    if (sshKeys.size() > MAX_KEYS) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the ssh keys")
          .detail("There are more than " + MAX_KEYS + ".")
          .asException();
    }
    for (String key : sshKeys) {
      if (key.isBlank() || key.length() > MAX_KEY || key.indexOf('\n') >= 0 || !key.contains(" ")) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "reading an ssh key")
            .next("Give the one line of a public key file, such as ~/.ssh/id_ed25519.pub.")
            .asException();
      }
    }
    if (userData.isPresent() && userData.get().length() > MAX_USER_DATA) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the user data")
          .detail("It is larger than 256 KiB.")
          .asException();
    }
  }
}
