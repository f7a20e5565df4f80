// SPDX-License-Identifier: Apache-2.0

package sys

var SecureExecOf = secureExec
