// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sys

import (
	"errors"
	"fmt"
	"os"
)

// How mount events pass between mount namespaces.
const (
	Private = 1 << iota
	Shared
	Slave
	Unbindable
	NoSuid
	NoDev
	NoExec
	ReadOnly
	MayRead
	MayWrite
	MaySearch
)

// MainThread is the ID of no thread.
var MainThread = -1

var errUnsupported = fmt.Errorf("namespaces exist on Linux only: %w", errors.ErrUnsupported)

func Open(string) (*FD, error)               { return nil, errUnsupported }
func OpenDir(string) (*FD, error)            { return nil, errUnsupported }
func OpenDirAt(*FD, string) (*FD, error)     { return nil, errUnsupported }
func OpenAt(*FD, string) (*FD, error)        { return nil, errUnsupported }
func Create(string, uint32) (*FD, error)     { return nil, errUnsupported }
func Access(string, uint32) error            { return errUnsupported }
func AccessAt(*FD, string, uint32) error     { return errUnsupported }
func DupOf(int) (*FD, error)                 { return nil, errUnsupported }
func DupFile(*os.File) (*FD, error)          { return nil, errUnsupported }
func WriteFileAt(*FD, string, string) error  { return errUnsupported }
func ReadFileAt(*FD, string) (string, error) { return "", errUnsupported }
func closeFD(int) error                      { return errUnsupported }

func ReadFile(path string, _ int) ([]byte, error) { return os.ReadFile(path) }
func InodeIDAt(*FD, string) (InodeID, error)      { return InodeID{}, errUnsupported }

func (fd *FD) Dup() (*FD, error)                     { return nil, errUnsupported }
func (fd *FD) InodeID() (InodeID, error)             { return InodeID{}, errUnsupported }
func (fd *FD) NamespaceFlag() (int, error)           { return 0, errUnsupported }
func (fd *FD) UserNamespace() (*FD, error)           { return nil, errUnsupported }
func (fd *FD) Parent() (*FD, error)                  { return nil, errUnsupported }
func (fd *FD) OwnerUID() (int, error)                { return 0, errUnsupported }
func (fd *FD) FDPath() string                        { return "" }
func (fd *FD) NamespaceInode(string) (uint64, error) { return 0, errUnsupported }

func Setns(*FD, int) error             { return errUnsupported }
func Unshare(int) error                { return errUnsupported }
func UnshareFS() error                 { return errUnsupported }
func Getwd() (string, error)           { return "", errUnsupported }
func Chdir(string) error               { return errUnsupported }
func Gettid() int                      { return 0 }
func OnMainThread() bool               { return false }
func SetPropagation(uintptr) error     { return errUnsupported }
func MountEvents() (*FD, error)        { return nil, errUnsupported }
func MountID(uint64) (int, error)      { return 0, errUnsupported }
func OpenTarget(string) (*FD, error)   { return nil, errUnsupported }
func BindFD(*FD, *FD) error            { return errUnsupported }
func Detach(string) error              { return errUnsupported }
func InterfaceUp(string) error         { return errUnsupported }
func AwaitEnd(int) error               { return errUnsupported }
func HasEnded(int) (bool, error)       { return false, errUnsupported }
func SocketNamespace(int) (*FD, error) { return nil, errUnsupported }
func SocketText(int) string            { return "" }
func SocketCookie(int) (uint64, error) { return 0, errUnsupported }

func Mount(string, string, string, uintptr, string) error { return errUnsupported }
func OpenTree(string) (*FD, error)                        { return nil, errUnsupported }
func OpenTreeAt(*FD, string) (*FD, error)                 { return nil, errUnsupported }
func SetXattr(string, string, string) error               { return errUnsupported }
func MoveMount(*FD, string) error                         { return errUnsupported }
func OpenFilesystem(string) (*FD, error)                  { return nil, errUnsupported }

// Modes of [OpenTun].
const (
	Tun = 1 << iota
	Tap
)

func OpenTun(string, uint16) (*os.File, error) { return nil, errUnsupported }

// A MountEvent tells which process has made a mount.
type MountEvent struct {
	PID   int
	Mount uint64
}

func TakeMountEvents(*FD) ([]MountEvent, error) { return nil, errUnsupported }

// InForeground is false: nobody is asked.
func InForeground() bool { return false }
