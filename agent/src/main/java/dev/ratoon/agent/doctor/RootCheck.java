package dev.ratoon.agent.doctor;

/** The agent gives files to QEMU's user and makes bases immutable: both need root. */
final class RootCheck implements Check {

  @Override
  public String name() {
    return "root";
  }

  @Override
  public Finding examine() {
    String user = System.getProperty("user.name", "");
    return user.equals("root")
        ? new Finding.Ok("running as root")
        : new Finding.Beyond("running as '" + user + "', not as root", "Use sudo.");
  }
}
