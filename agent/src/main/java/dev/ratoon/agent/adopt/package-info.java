/**
 * Disks that lay on this host before Ratoon came: found, identified by their content, used as
 * sources of base disks and, where an operator agrees, as parents where they lie. Nothing of theirs
 * is ever copied, moved or written to. Begin with {@link dev.ratoon.agent.adopt.Adoptions}; why it
 * is as it is stands in docs/decisions/0011-adopted-files.md.
 */
@NullMarked
package dev.ratoon.agent.adopt;

import org.jspecify.annotations.NullMarked;
