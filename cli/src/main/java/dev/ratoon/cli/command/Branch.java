package dev.ratoon.cli.command;

import java.util.List;
import java.util.function.Supplier;

/**
 * A command, or a group of commands, that is only built when the arguments name it: describing all
 * of them to the parser takes longer than most commands run.
 *
 * @param name as the user writes it
 * @param command makes the annotated object
 * @param children the commands of a group
 */
public record Branch(String name, Supplier<Object> command, List<Branch> children) {

  public static Branch command(String name, Supplier<Object> command) {
    return new Branch(name, command, List.of());
  }

  public static Branch group(String name, Supplier<Object> command, Branch... children) {
    return new Branch(name, command, List.of(children));
  }
}
