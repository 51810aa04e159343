package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// goFile is one Go file of the module, parsed.
type goFile struct {
	path string // from the root of the repository
	text []byte
	fset *token.FileSet
	ast  *ast.File
}

// dir returns the folder of the file, "." for the root.
func (f goFile) dir() string { return path.Dir(f.path) }

// isTest says whether only tests are built from the file.
func (f goFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// isTestCode says whether only tests may depend on the file: a test, or a package made for tests, whose name ends in "test".
func (f goFile) isTestCode() bool { return f.isTest() || strings.HasSuffix(path.Base(f.dir()), "test") }

// line returns the line that pos stands on.
func (f goFile) line(pos token.Pos) int { return f.fset.Position(pos).Line }

// goFiles parses every Go file of the module in repo. Nested modules (a folder with a go.mod of its own), testdata and folders whose name
// begins with a dot or underscore are left out, as the go command does.
func goFiles(repo fs.FS, mode parser.Mode) ([]goFile, error) {
	var files []goFile
	err := fs.WalkDir(repo, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && !inModule(repo, name) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parseFile(repo, name, mode)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// parseFile parses one Go file.
func parseFile(repo fs.FS, name string, mode parser.Mode) (goFile, error) {
	text, err := fs.ReadFile(repo, name)
	if err != nil {
		return goFile{}, err
	}
	f := goFile{path: name, text: text, fset: token.NewFileSet()}
	if f.ast, err = parser.ParseFile(f.fset, name, text, mode); err != nil {
		return goFile{}, fmt.Errorf("parse: %w", err)
	}
	return f, nil
}

// functionName returns the name of a function, of a method as "Type.Method".
func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	receiver := fn.Recv.List[0].Type
	for {
		switch t := receiver.(type) {
		case *ast.StarExpr:
			receiver = t.X
		case *ast.IndexExpr:
			receiver = t.X
		case *ast.IndexListExpr:
			receiver = t.X
		case *ast.Ident:
			return t.Name + "." + fn.Name.Name
		default:
			return fn.Name.Name
		}
	}
}

// inModule says whether the folder belongs to the packages of the module at the root.
func inModule(repo fs.FS, dir string) bool {
	base := path.Base(dir)
	if base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return false
	}
	_, err := fs.Stat(repo, path.Join(dir, "go.mod"))
	return err != nil
}
