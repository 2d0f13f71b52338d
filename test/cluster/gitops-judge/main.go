// Judges objects as GitOps tools do, with their own code: kstatus (Flux, kubectl-style waits) and gopher-lua, in which
// Argo CD runs health checks. Reads {"lua": "...", "items": [...]} and prints a line of JSON for each object.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type input struct {
	Lua   string            `json:"lua"`
	Items []json.RawMessage `json:"items"`
}

type verdict struct {
	Kstatus string `json:"kstatus"`
	Health  string `json:"health"`
	Message string `json:"message"`
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fail(err)
	}
	for _, item := range in.Items {
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(item); err != nil {
			fail(err)
		}
		result, err := status.Compute(&object)
		if err != nil {
			fail(err)
		}
		health, message, err := healthOf(in.Lua, object.Object)
		if err != nil {
			fail(err)
		}
		line, _ := json.Marshal(verdict{Kstatus: string(result.Status), Health: health, Message: message})
		fmt.Println(string(line))
	}
}

// The same libraries as Argo CD opens: base, table and string.
func healthOf(script string, object map[string]interface{}) (string, string, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable, lua.StringLibName: lua.OpenString,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return "", "", err
		}
	}
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(script); err != nil {
		return "", "", err
	}
	answer, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", fmt.Errorf("the health check answered %s", state.Get(-1).Type())
	}
	return lua.LVAsString(answer.RawGetString("status")), lua.LVAsString(answer.RawGetString("message")), nil
}

func toLua(state *lua.LState, value interface{}) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case float64:
		return lua.LNumber(v)
	case int64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []interface{}:
		table := state.CreateTable(len(v), 0)
		for _, one := range v {
			table.Append(toLua(state, one))
		}
		return table
	case map[string]interface{}:
		table := state.CreateTable(0, len(v))
		for key, one := range v {
			table.RawSetString(key, toLua(state, one))
		}
		return table
	}
	return lua.LNil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
