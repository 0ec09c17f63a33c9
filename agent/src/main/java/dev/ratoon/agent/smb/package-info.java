/** Shares that no kernel has mounted: read and written by SMB 3, through smbj. */
@NullMarked
package dev.ratoon.agent.smb;

import org.jspecify.annotations.NullMarked;
